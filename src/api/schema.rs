//! `GET /v1/schema`: the fields of leads, for front ends that build forms, lists and filters.

use crate::api::auth::Caller;
use crate::api::lead_query::LeadQuery;
use crate::api::problem::{ApiError, ReadProblems};
use crate::api::shape::Shape;
use crate::domain::identity::IdentityKind;
use crate::domain::lead_fields::{Field, FieldKind, for_each_lead_field, lead_struct};
use crate::domain::lead_list::SortField;
use crate::domain::workspace::MergePolicy;
use actix_web::{HttpResponse, get};
use serde::Serialize;
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
    /// The fields, in the order in which a form would show them.
    pub fields: Vec<FieldBody>,
    /// What a list can be sorted by, each also with `-` before it.
    pub sorts: Vec<String>,
    /// By what a person is known again, first to last.
    pub identity_order: Vec<IdentityKind>,
}

/// A field of leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldBody {
    /// Its name in requests and answers.
    #[schema(example = "company")]
    pub name: String,
    /// What it holds: `text`, `integer`, `boolean`, `datetime`, `object` or `list`.
    #[schema(example = "text")]
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence on it.
    pub description: String,
    /// Longest text, in characters.
    pub max_length: Option<usize>,
    /// Requests may set it.
    pub writable: bool,
    /// Lists can be sorted by it.
    pub sortable: bool,
    /// What lists can compare it with: `eq`, `gte`, `lt`.
    pub operators: Vec<String>,
    /// The values it can have, where they are few.
    pub options: Vec<String>,
    /// What happens to it when a known person submits again.
    pub merge_policy: Option<MergePolicy>,
}

/// Describe leads.
///
/// Fields with type, limits, operators and options, so that a front end can build forms, lists and filters from it.
#[utoipa::path(tag = "schema", responses((status = 200, description = "What leads are made of", body = SchemaBody), ReadProblems))]
#[get("/schema")]
pub async fn get_schema(caller: Caller) -> Result<HttpResponse, ApiError> {
    let filters: Vec<&str> = Shape::of::<LeadQuery>().field_names().collect();
    let mut fields: Vec<FieldBody> = Field::ALL
        .iter()
        .map(|field| FieldBody {
            max_length: max_length(*field),
            writable: true,
            merge_policy: Some(caller.rules.merge_policy(field.name())),
            ..described(
                field.name(),
                if field.kind() == FieldKind::Text {
                    "text"
                } else {
                    "integer"
                },
                field.description(),
                &filters,
            )
        })
        .collect();
    let more = [
        ("source", "text", "Where the first submission came from."),
        ("channel", "text", "The way the first submission took."),
        ("stage", "text", "Where it stands in the pipeline."),
        ("custom", "object", "Values beside the plain fields."),
        ("tags", "list", "Labels."),
        (
            "is_test",
            "boolean",
            "Made by tests only: kept out of lists and counts.",
        ),
        (
            "captured_at",
            "datetime",
            "The sender's time of the first submission.",
        ),
        (
            "created_at",
            "datetime",
            "Our time of the first submission.",
        ),
        ("updated_at", "datetime", "When it last changed."),
        (
            "last_activity_at",
            "datetime",
            "When something last happened with it.",
        ),
    ];
    fields.extend(more.map(|(name, kind, description)| FieldBody {
        writable: matches!(name, "source" | "custom" | "tags"),
        options: if name == "stage" {
            caller
                .rules
                .pipeline
                .stages
                .iter()
                .map(|stage| stage.key.clone())
                .collect()
        } else {
            Vec::new()
        },
        ..described(name, kind, description, &filters)
    }));
    let sorts = SortField::ALL
        .iter()
        .map(|field| field.as_str().to_owned())
        .collect();
    Ok(HttpResponse::Ok().json(SchemaBody {
        fields,
        sorts,
        identity_order: caller.rules.identity_order.clone(),
    }))
}

fn described(name: &str, kind: &str, description: &str, filters: &[&str]) -> FieldBody {
    let stem = name.trim_end_matches("_at");
    let has = |filter: &str| filters.contains(&filter);
    let mut operators = Vec::new();
    if has(name) {
        operators.push("eq".to_owned());
    }
    if name.ends_with("_at") && has(&format!("{stem}_after")) {
        operators.extend(["gte".to_owned(), "lt".to_owned()]);
    }
    FieldBody {
        name: name.to_owned(),
        kind: kind.to_owned(),
        description: description.to_owned(),
        max_length: None,
        writable: false,
        sortable: SortField::ALL.iter().any(|field| field.as_str() == name),
        operators,
        options: Vec::new(),
        merge_policy: None,
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
