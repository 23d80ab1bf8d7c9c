//! `GET /v1/schema`: the fields of leads, the workspace's own too, for front ends that build forms, lists and filters; and
//! what the caller may do.

use crate::api::auth::Caller;
use crate::api::conditional::{content_etag, is_unchanged};
use crate::api::problem::{ApiError, ReadProblems};
use crate::domain::access::Scope;
use crate::domain::condition::{self, AttributionKey, Column, CustomField, Kind};
use crate::domain::field_definition::{FieldDefinition, FieldOption, FieldType};
use crate::domain::field_value::{MAX_LONG_TEXT, MAX_TEXT, MAX_URL};
use crate::domain::identity::IdentityKind;
use crate::domain::lead_fields::{Field, FieldKind, for_each_lead_field, lead_struct};
use crate::domain::lead_search::SortBy;
use crate::domain::normalise::text::label_of;
use crate::domain::qualification::Verdict;
use crate::domain::rules::Rules;
use crate::domain::scoring::Grade;
use crate::domain::stage::{Stage, StageKind};
use crate::domain::workspace::MergePolicy;
use crate::error::Error;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

for_each_lead_field!(lead_struct! {
    /// Carries the limits of the plain fields.
    #[derive(ToSchema)]
    #[allow(dead_code)]
    Limits {} {}
});

/// What leads are made of.
#[derive(Debug, Serialize, ToSchema)]
pub struct SchemaBody {
    /// The fields, in the order in which a form would show them; then those that Baton keeps itself, and the workspace's own.
    pub fields: Vec<FieldBody>,
    /// What `POST /v1/leads/search` can sort by, each also with `-` before it: the sortable fields, and `score` and
    /// `engagement` as they are worth now.
    pub sorts: Vec<String>,
    /// By what a person is known again, first to last.
    pub identity_order: Vec<IdentityKind>,
    /// The stages of the pipeline, in order.
    pub stages: Vec<Stage>,
    /// What the caller may do.
    pub scopes: Vec<Scope>,
}

/// A field of leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldBody {
    /// Its name in answers, conditions and sorts; `custom.<key>` is the workspace's own.
    #[schema(example = "company")]
    pub name: String,
    /// What it holds: `text`, `long_text`, `integer`, `decimal`, `boolean`, `date`, `datetime`, `single_choice`,
    /// `multi_choice`, `url`, `money`, `id`, `list` or `object`.
    #[schema(example = "text")]
    #[serde(rename = "type")]
    pub kind: String,
    /// What people read.
    #[schema(example = "Company")]
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Longest text, in characters; of a `url` in bytes.
    pub max_length: Option<usize>,
    /// Requests may set it.
    pub writable: bool,
    /// A lead made by hand has to have it.
    pub required: bool,
    /// No two leads have the same value.
    pub unique: bool,
    /// Conditions can ask for it and lists be sorted by it, once it is `searchable`.
    pub filterable: bool,
    /// Conditions can ask for it now: the values of all leads are in the index.
    pub searchable: bool,
    /// Lists can be sorted by it.
    pub sortable: bool,
    /// How conditions can compare it.
    #[schema(example = json!(["eq", "ne"]))]
    pub operators: Vec<String>,
    /// The values it can have, where they are few.
    pub options: Vec<FieldOption>,
    /// A regular expression that the whole of a text has to match.
    pub pattern: Option<String>,
    /// What a new lead has where nothing was said.
    pub default: Option<Value>,
    /// What happens to it when a known person submits again.
    pub merge_policy: Option<MergePolicy>,
}

/// Describe leads.
///
/// Fields with type, limits, operators and options, stages and the caller's scopes: what a front end needs to build forms,
/// lists and filters, and to know what to show.
#[utoipa::path(
    tag = "schema",
    params(("If-None-Match" = Option<String>, Header, description = "An ETag: 304 when the schema is still the same")),
    responses((status = 200, description = "What leads are made of", body = SchemaBody, headers(("ETag" = String, description = "The tag of this very schema"))),
        (status = 304, description = "Unchanged"), ReadProblems),
)]
#[get("/schema")]
pub async fn get_schema(request: HttpRequest, caller: Caller) -> Result<HttpResponse, ApiError> {
    let fields = fields(&caller.rules);
    let sortable = fields.iter().filter(|field| field.sortable);
    let scores = SortBy::SCORES.iter().map(|(name, _)| (*name).to_owned());
    let schema = SchemaBody {
        sorts: sortable
            .map(|field| field.name.clone())
            .chain(scores)
            .collect(),
        fields,
        identity_order: caller.rules.identity_order.clone(),
        stages: caller.rules.pipeline.stages.clone(),
        scopes: caller.scopes.clone(),
    };
    let json = serde_json::to_vec(&schema).map_err(Error::internal)?;
    let tag = content_etag(&json);
    if is_unchanged(&request, &tag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((header::ETAG, tag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, tag))
        .content_type("application/json")
        .body(json))
}

fn fields(rules: &Rules) -> Vec<FieldBody> {
    let plain = Field::ALL.iter().map(|field| plain_field(*field, rules));
    let kept = Column::KEPT
        .iter()
        .map(|(column, label, description)| kept_field(*column, label, description, rules));
    let own = rules.fields.iter().filter(|field| !field.archived);
    let mut fields: Vec<FieldBody> = plain.chain(kept).collect();
    fields.push(FieldBody {
        writable: true,
        filterable: true,
        searchable: true,
        operators: operators(Kind::List),
        ..described("tags", "list", "Tags", Some("Labels."))
    });
    fields.push(FieldBody {
        writable: true,
        ..described(
            "custom",
            "object",
            "Custom",
            Some("Values beside the plain fields."),
        )
    });
    for touch in ["first", "last"] {
        fields.extend(AttributionKey::ALL.iter().map(|key| FieldBody {
            filterable: true,
            searchable: true,
            operators: operators(Kind::Text),
            ..described(
                &format!("attribution.{touch}.{}", key.name()),
                "text",
                key.name(),
                None,
            )
        }));
    }
    fields.extend(own.map(|field| own_field(field, rules)));
    fields
}

fn plain_field(field: Field, rules: &Rules) -> FieldBody {
    let kind = match field.kind() {
        FieldKind::Text => "text",
        FieldKind::Integer => "integer",
    };
    let column = Column::from_name(field.name());
    FieldBody {
        max_length: max_length(field),
        writable: true,
        filterable: true,
        searchable: true,
        sortable: field != Field::message,
        operators: column.map_or_else(Vec::new, |column| operators(column.kind())),
        merge_policy: Some(rules.merge_policy(field.name())),
        ..described(
            field.name(),
            kind,
            &label_of(field.name()),
            Some(field.description()),
        )
    }
}

/// A field that Baton keeps of a lead itself.
fn kept_field(column: Column, label: &str, description: &str, rules: &Rules) -> FieldBody {
    let kind = match column.kind() {
        Kind::Choice => "single_choice",
        Kind::Integer => "integer",
        Kind::Boolean => "boolean",
        Kind::Datetime => "datetime",
        Kind::Id => "id",
        _ => "text",
    };
    FieldBody {
        writable: column == Column::Source,
        filterable: true,
        searchable: true,
        sortable: true,
        operators: operators(column.kind()),
        options: match column {
            Column::Stage => {
                let stages = rules.pipeline.stages.iter();
                stages
                    .map(|stage| option(&stage.key, &stage.name))
                    .collect()
            }
            Column::StageKind => {
                let kinds = StageKind::ALL.iter();
                kinds
                    .map(|kind| option(kind.as_str(), kind.as_str()))
                    .collect()
            }
            Column::Verdict => {
                let verdicts = Verdict::ALL.iter();
                verdicts
                    .map(|verdict| option(verdict.as_str(), verdict.as_str()))
                    .collect()
            }
            Column::Grade => {
                let grades = Grade::NAMES.iter().flatten();
                grades.map(|grade| option(grade, grade)).collect()
            }
            _ => Vec::new(),
        },
        ..described(column.name(), kind, label, Some(description))
    }
}

fn own_field(field: &FieldDefinition, rules: &Rules) -> FieldBody {
    let name = format!("custom.{}", field.key);
    let kind = condition::Field::Custom(CustomField::from(field)).kind();
    FieldBody {
        max_length: match field.field_type {
            FieldType::Text => Some(MAX_TEXT),
            FieldType::LongText => Some(MAX_LONG_TEXT),
            FieldType::Url => Some(MAX_URL),
            _ => None,
        },
        writable: true,
        required: field.required,
        unique: field.unique,
        filterable: field.filterable,
        searchable: field.is_searchable(),
        sortable: field.filterable && field.field_type != FieldType::MultiChoice,
        operators: if field.filterable {
            operators(kind)
        } else {
            Vec::new()
        },
        options: field.options.clone(),
        pattern: field
            .pattern
            .as_ref()
            .map(|pattern| pattern.as_str().to_owned()),
        default: field.default.clone(),
        merge_policy: Some(rules.merge_policy(&name)),
        ..described(
            &name,
            field.field_type.as_str(),
            &field.label,
            field.description.as_deref(),
        )
    }
}

fn described(name: &str, kind: &str, label: &str, description: Option<&str>) -> FieldBody {
    FieldBody {
        name: name.to_owned(),
        kind: kind.to_owned(),
        label: label.to_owned(),
        description: description.map(str::to_owned),
        max_length: None,
        writable: false,
        required: false,
        unique: false,
        filterable: false,
        searchable: false,
        sortable: false,
        operators: Vec::new(),
        options: Vec::new(),
        pattern: None,
        default: None,
        merge_policy: None,
    }
}

fn operators(kind: Kind) -> Vec<String> {
    let names = kind.operators().iter();
    names.map(|operator| operator.as_str().to_owned()).collect()
}

fn option(value: &str, label: &str) -> FieldOption {
    FieldOption {
        value: value.to_owned(),
        label: label.to_owned(),
        archived: false,
    }
}

/// The longest text of a field, as the OpenAPI document has it.
fn max_length(field: Field) -> Option<usize> {
    let RefOr::T(Schema::Object(limits)) = Limits::schema() else {
        return None;
    };
    match limits.properties.get(field.name())? {
        RefOr::T(Schema::Object(property)) => property.max_length,
        _ => None,
    }
}
