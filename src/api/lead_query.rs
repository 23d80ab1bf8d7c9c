//! The query of `GET /v1/leads`, and its pages.

use crate::api::lead_json::LeadBody;
use crate::api::page::{DEFAULT_LIMIT, bad_cursor, cut, read_cursor, write_cursor};
use crate::api::problem::ApiError;
use crate::domain::lead::Lead;
use crate::domain::lead_list::{LeadFilter, LeadList, LeadSort, SortField};
use crate::domain::lead_search::{After, LeadSearch};
use crate::domain::normalise::email::EmailAddress;
use crate::domain::normalise::{country, phone};
use crate::domain::search_text::SearchText;
use crate::domain::stage::StageKind;
use crate::error::{Error, FieldError, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which leads, in which order, from where on.
#[derive(Debug, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LeadQuery {
    /// Leads on a page.
    #[schema(minimum = 1, maximum = 500, default = 50)]
    #[param(minimum = 1, maximum = 500, default = 50)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before. It carries the sort and the filter; what is given beside it has to agree.
    #[schema(max_length = 4096)]
    #[param(max_length = 4096)]
    pub cursor: Option<String>,
    /// `created_at`, `updated_at`, `email`, `last_name`, `company`, `score`, `fit`, `engagement` or `grade`; with `-`
    /// before it, the greatest first. Without it and without a cursor, `-created_at`.
    #[schema(max_length = 20)]
    #[param(max_length = 20)]
    pub sort: Option<String>,
    /// Count all leads that match, too: slow for many.
    #[schema(default = false)]
    #[param(default = false)]
    pub include_total: Option<bool>,
    /// Deleted leads, which can be restored.
    #[schema(default = false)]
    #[param(default = false)]
    pub deleted: Option<bool>,
    /// Tests (`true`), everything but tests (`false`, as when it is left out), or both (`any`).
    #[param(inline)]
    pub is_test: Option<WithTests>,
    /// This mail address.
    #[schema(max_length = 320)]
    #[param(max_length = 320)]
    pub email: Option<String>,
    /// This phone number, best in E.164.
    #[schema(max_length = 100)]
    #[param(max_length = 100)]
    pub phone: Option<String>,
    /// This given name.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    pub first_name: Option<String>,
    /// This family name.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    pub last_name: Option<String>,
    /// This company.
    #[schema(max_length = 300)]
    #[param(max_length = 300)]
    pub company: Option<String>,
    /// This city.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    pub city: Option<String>,
    /// This state, province or county.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    pub region: Option<String>,
    /// This country, by code or name.
    #[schema(max_length = 100)]
    #[param(max_length = 100)]
    pub country: Option<String>,
    /// This industry.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    pub industry: Option<String>,
    /// This language.
    #[schema(max_length = 35)]
    #[param(max_length = 35)]
    pub language: Option<String>,
    /// This lead source.
    #[schema(max_length = 200)]
    #[param(max_length = 200)]
    pub source: Option<String>,
    /// This way in.
    #[schema(max_length = 50)]
    #[param(max_length = 50)]
    pub channel: Option<String>,
    /// This stage.
    #[schema(max_length = 50)]
    #[param(max_length = 50)]
    pub stage: Option<String>,
    /// A stage that means this.
    pub stage_kind: Option<StageKind>,
    /// This user is accountable for it.
    pub owner_id: Option<Uuid>,
    /// It belongs to this team.
    pub team_id: Option<Uuid>,
    /// This label is among its labels.
    #[schema(max_length = 100)]
    #[param(max_length = 100)]
    pub tag: Option<String>,
    /// Words that are somewhere in name, company, mail address or phone number, whatever their case and accents: each at
    /// least in part, one of them with three characters or more.
    #[schema(max_length = 200, example = "ada love")]
    #[param(max_length = 200, example = "ada love")]
    pub q: Option<String>,
    /// Made at or after this moment.
    pub created_after: Option<DateTime<Utc>>,
    /// Made before this moment.
    pub created_before: Option<DateTime<Utc>>,
    /// Changed at or after this moment.
    pub updated_after: Option<DateTime<Utc>>,
    /// Changed before this moment.
    pub updated_before: Option<DateTime<Utc>>,
}

/// Whether tests are among the leads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithTests {
    /// Only they.
    True,
    /// Everything but they.
    #[default]
    False,
    /// Both.
    Any,
}

impl WithTests {
    /// What `is_test` has to be; `None`: anything.
    pub fn wanted(self) -> Option<bool> {
        match self {
            WithTests::True => Some(true),
            WithTests::False => Some(false),
            WithTests::Any => None,
        }
    }
}

/// A page of leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeadsPage {
    /// The leads, in order.
    pub data: Vec<LeadBody>,
    /// Pass it as `cursor` for the next page; `null` on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    /// How many leads match, on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: LeadSort,
    filter: LeadFilter,
    /// The moment that scores are of, the same on all pages.
    at: DateTime<Utc>,
    after: After,
}

/// The list that a query asks for.
///
/// `default_country` is the region of a phone number that does not say its own.
pub fn read(
    workspace_id: Uuid,
    default_country: Option<&str>,
    query: LeadQuery,
    now: DateTime<Utc>,
) -> Result<LeadList, ApiError> {
    let mut errors = Vec::new();
    let sort = query.sort.as_deref().map(|text| {
        LeadSort::parse(text).unwrap_or_else(|| {
            let known: Vec<&str> = SortField::ALL.iter().map(|field| field.as_str()).collect();
            errors.push(FieldError::new(
                "?sort",
                "unknown_sort",
                format!(
                    "sort by one of {}, with `-` before it for the greatest first",
                    known.join(", ")
                ),
            ));
            NEWEST_FIRST
        })
    });
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    let cursor = query.cursor.clone();
    let filter = filter(query, default_country, &mut errors);
    if !errors.is_empty() {
        return Err(Error::Invalid(errors).into());
    }
    let Some(cursor) = cursor else {
        return Ok(LeadList {
            filter,
            sort: sort.unwrap_or(NEWEST_FIRST),
            after: None,
            limit,
            at: now,
        });
    };
    let cursor: Cursor = read_cursor(workspace_id, &cursor)?;
    let says_nothing = filter
        == LeadFilter {
            is_test: Some(false),
            ..LeadFilter::default()
        };
    if sort.is_some_and(|sort| sort != cursor.sort) || (!says_nothing && filter != cursor.filter) {
        return Err(bad_cursor(
            "the cursor belongs to another sort or filter: repeat those of the first page, or leave them out",
        ));
    }
    Ok(LeadList {
        filter: cursor.filter,
        sort: cursor.sort,
        after: Some(cursor.after),
        limit,
        at: cursor.at,
    })
}

const NEWEST_FIRST: LeadSort = LeadSort {
    field: SortField::CreatedAt,
    descending: true,
};

/// Values are compared in normal form, as they are stored.
fn filter(
    query: LeadQuery,
    default_country: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> LeadFilter {
    let is_test = query.is_test.unwrap_or_default().wanted();
    let line = crate::domain::capture_draft::line;
    let country =
        line(query.country).map(|named| country::alpha2(&named).map_or(named, str::to_owned));
    let phone = line(query.phone).map(|given| {
        phone::parse(&given, country.as_deref().or(default_country))
            .map_or(given, |number| number.as_str().to_owned())
    });
    let email = line(query.email).map(|given| {
        EmailAddress::parse(&given).map_or(given, |address| address.as_str().to_owned())
    });
    let q = line(query.q);
    if let Some(wrong) = q.as_deref().and_then(|q| SearchText::parse(q).err()) {
        errors.push(FieldError::new("?q", wrong.code(), wrong.remedy()));
    }
    LeadFilter {
        deleted: query.deleted.unwrap_or(false),
        is_test,
        email,
        phone,
        first_name: line(query.first_name),
        last_name: line(query.last_name),
        company: line(query.company),
        city: line(query.city),
        region: line(query.region),
        country,
        industry: line(query.industry),
        language: line(query.language),
        source: line(query.source),
        channel: line(query.channel),
        stage: line(query.stage),
        stage_kind: query.stage_kind,
        owner_id: query.owner_id,
        team_id: query.team_id,
        tag: line(query.tag),
        q,
        created_after: query.created_after,
        created_before: query.created_before,
        updated_after: query.updated_after,
        updated_before: query.updated_before,
    }
}

/// The page of what was found; one lead more than the limit tells that there is another page.
pub fn page(
    workspace_id: Uuid,
    mut found: Vec<Lead>,
    wanted: &LeadList,
    search: &LeadSearch,
    total: Option<i64>,
) -> Result<LeadsPage> {
    let more = cut(&mut found, wanted.limit);
    let next_cursor = match found.last().filter(|_| more) {
        Some(last) => {
            let cursor = Cursor {
                sort: wanted.sort,
                filter: wanted.filter.clone(),
                at: search.now,
                after: search.after(last),
            };
            Some(write_cursor(workspace_id, cursor)?)
        }
        None => None,
    };
    Ok(LeadsPage {
        data: found.iter().map(LeadBody::from).collect(),
        next_cursor,
        total,
    })
}
