//! Lists of leads by short filters: another way to write a search.

use crate::domain::access::Visibility;
use crate::domain::condition::{
    Column, Comparison, Condition, Field, LeadCheck, Moment, Node, Operand, Order,
};
use crate::domain::lead_search::{After, LeadSearch, SortBy, SortKey, exact};
use crate::domain::search_text::SearchText;
use crate::domain::stage::StageKind;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which leads a list keeps. Everything given has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadFilter {
    /// Deleted leads instead of those that are there.
    pub deleted: bool,
    /// Only tests, or only what is no test; `None`: both.
    pub is_test: Option<bool>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub company: Option<String>,
    pub city: Option<String>,
    pub region: Option<String>,
    pub country: Option<String>,
    pub industry: Option<String>,
    pub language: Option<String>,
    pub source: Option<String>,
    pub channel: Option<String>,
    pub stage: Option<String>,
    pub stage_kind: Option<StageKind>,
    pub owner_id: Option<Uuid>,
    pub team_id: Option<Uuid>,
    /// Among the labels.
    pub tag: Option<String>,
    /// Somewhere in name, company, mail address or phone number.
    pub q: Option<String>,
    /// At or after.
    pub created_after: Option<DateTime<Utc>>,
    /// Before.
    pub created_before: Option<DateTime<Utc>>,
    /// At or after.
    pub updated_after: Option<DateTime<Utc>>,
    /// Before.
    pub updated_before: Option<DateTime<Utc>>,
}

/// A field that lists can be sorted by: each has an index that ends with the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortField {
    /// When the lead was made.
    CreatedAt,
    /// When it last changed.
    UpdatedAt,
    /// Mail address.
    Email,
    /// Family name.
    LastName,
    /// Company.
    Company,
    /// Fit and engagement together, as they are worth now.
    Score,
    /// Points for who the lead is.
    Fit,
    /// Points for what it did.
    Engagement,
    /// `A1` to `D4`, the best first.
    Grade,
}

impl LeadFilter {
    /// As a condition.
    fn condition(&self) -> Condition {
        let mut parts = Vec::new();
        let mut add = |field: Field, comparison: Comparison| {
            parts.push(Node::Check(LeadCheck::Field(field, comparison.into())));
        };
        let texts = [
            (Column::email, &self.email),
            (Column::phone, &self.phone),
            (Column::first_name, &self.first_name),
            (Column::last_name, &self.last_name),
            (Column::company, &self.company),
            (Column::city, &self.city),
            (Column::region, &self.region),
            (Column::country, &self.country),
            (Column::industry, &self.industry),
            (Column::language, &self.language),
            (Column::Source, &self.source),
            (Column::Channel, &self.channel),
            (Column::Stage, &self.stage),
        ];
        for (column, text) in texts {
            if let Some(text) = text {
                let equals = Comparison::Equals(Operand::Text(text.clone()));
                add(Field::Column(column), equals);
            }
        }
        if let Some(kind) = self.stage_kind {
            let equals = Comparison::Equals(Operand::Text(kind.as_str().to_owned()));
            add(Field::Column(Column::StageKind), equals);
        }
        for (column, id) in [
            (Column::OwnerId, self.owner_id),
            (Column::TeamId, self.team_id),
        ] {
            if let Some(id) = id {
                add(Field::Column(column), Comparison::Equals(Operand::Id(id)));
            }
        }
        if let Some(tag) = &self.tag {
            add(Field::Tags, Comparison::HasAny(vec![tag.clone()]));
        }
        let (from, before) = (Order::GreaterOrEqual, Order::Less);
        for (column, order, at) in [
            (Column::CreatedAt, from, self.created_after),
            (Column::CreatedAt, before, self.created_before),
            (Column::UpdatedAt, from, self.updated_after),
            (Column::UpdatedAt, before, self.updated_before),
        ] {
            if let Some(at) = at {
                let operand = Operand::Moment(Moment::At(at));
                add(Field::Column(column), Comparison::Order(order, operand));
            }
        }
        Condition {
            root: Node::All(parts),
        }
    }
}

impl LeadList {
    /// As a search; `None` when the page before is of another order, or `q` is none.
    pub fn search(&self, visible: Visibility) -> Option<LeadSearch> {
        let text = self.filter.q.as_deref().map(SearchText::parse);
        let search = LeadSearch {
            condition: self.filter.condition(),
            text: text.transpose().ok()?,
            deleted: self.filter.deleted,
            is_test: self.filter.is_test,
            sort: exact(vec![self.sort.key()]),
            after: self.after.clone(),
            limit: self.limit,
            ..LeadSearch::new(visible, self.at)
        };
        let fits = search.after.as_ref().is_none_or(|after| search.fits(after));
        fits.then_some(search)
    }
}

impl SortField {
    /// Every field that lists can be sorted by.
    pub const ALL: [SortField; 9] = [
        SortField::CreatedAt,
        SortField::UpdatedAt,
        SortField::Email,
        SortField::LastName,
        SortField::Company,
        SortField::Score,
        SortField::Fit,
        SortField::Engagement,
        SortField::Grade,
    ];

    /// Its name in JSON and SQL.
    pub fn as_str(self) -> &'static str {
        match self {
            SortField::CreatedAt => "created_at",
            SortField::UpdatedAt => "updated_at",
            SortField::Email => "email",
            SortField::LastName => "last_name",
            SortField::Company => "company",
            SortField::Score => "score",
            SortField::Fit => "fit",
            SortField::Engagement => "engagement",
            SortField::Grade => "grade",
        }
    }
}

/// An order. Leads without a value stand last in both directions; equal values are in the order of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeadSort {
    /// By what.
    pub field: SortField,
    /// The greatest first.
    pub descending: bool,
}

impl LeadSort {
    /// Reads `created_at` or `-created_at`.
    pub fn parse(text: &str) -> Option<LeadSort> {
        let (name, descending) = text
            .strip_prefix('-')
            .map_or((text, false), |name| (name, true));
        let field = SortField::ALL
            .into_iter()
            .find(|field| field.as_str() == name)?;
        Some(LeadSort { field, descending })
    }

    /// As the key of a search.
    fn key(self) -> SortKey {
        let by = match self.field {
            SortField::CreatedAt => SortBy::Column(Column::CreatedAt),
            SortField::UpdatedAt => SortBy::Column(Column::UpdatedAt),
            SortField::Email => SortBy::Column(Column::email),
            SortField::LastName => SortBy::Column(Column::last_name),
            SortField::Company => SortBy::Column(Column::company),
            SortField::Score => SortBy::Score,
            SortField::Fit => SortBy::Column(Column::Fit),
            SortField::Engagement => SortBy::Engagement,
            SortField::Grade => SortBy::Column(Column::Grade),
        };
        SortKey {
            by,
            descending: self.descending,
        }
    }
}

/// A page of a list of leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadList {
    /// Which leads.
    pub filter: LeadFilter,
    /// In which order.
    pub sort: LeadSort,
    /// After which lead; `None`: from the beginning.
    pub after: Option<After>,
    /// At most so many.
    pub limit: i64,
    /// The moment that scores are of.
    pub at: DateTime<Utc>,
}
