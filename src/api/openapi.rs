//! The OpenAPI document: collected from the handlers, with what each operation needs from the permission table.

mod requests;

use crate::api::permissions::{self, Needs};
use crate::api::problem::{self, Problem};
use crate::domain::access::Scope;
use actix_web::{HttpResponse, get, web};
use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{AdditionalProperties, ArrayItems, Object, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{HttpMethod, RefOr, Schema};
use utoipa::{Modify, OpenApi};

/// What no handler says.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Baton",
        description = "Headless lead management: from the moment somebody shows interest to the moment somebody is accountable for the answer.",
    ),
    components(schemas(Problem)),
    modifiers(&Shared),
    tags(
        (name = "capture", description = "Submissions come in"),
        (name = "leads", description = "Leads, one by one and in lists"),
        (name = "timeline", description = "Activities, notes, and all that happened with a lead in one list"),
        (name = "pipeline", description = "Stages, and how leads move through them"),
        (name = "rules", description = "What the workspace decides by: calendars, pools, routing and SLA policies, as versions"),
        (name = "clocks", description = "By when leads have to be answered, and who is accountable"),
        (name = "jobs", description = "Work over many leads: progress and results"),
        (name = "duplicates", description = "Leads that may be one person"),
        (name = "views", description = "Lists of leads that somebody wants to see again"),
        (name = "submissions", description = "What came in, raw, and what waits in quarantine"),
        (name = "changes", description = "The change feed"),
        (name = "forms", description = "Forms of websites"),
        (name = "fields", description = "The workspace's own fields of leads"),
        (name = "auth", description = "People log in, stay logged in and log out"),
        (name = "people", description = "Who the caller is; users, teams, API keys and the audit log"),
        (name = "schema", description = "What leads are made of"),
        (name = "workspace", description = "The workspace and its rules"),
        (name = "operation", description = "For operators"),
    ),
)]
pub struct Document;

/// What operations refer to.
struct Shared;

const KEY: &str = "api_key";
const TOKEN: &str = "access_token";

impl Modify for Shared {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = |format: &str, description: &str| {
            let bearer = HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format(format)
                .description(Some(description));
            SecurityScheme::Http(bearer.build())
        };
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme(
            KEY,
            bearer(
                "bk_live_…",
                "An API key, for programs. The scopes of an operation are those the key needs.",
            ),
        );
        components.add_security_scheme(
            TOKEN,
            bearer(
                "JWT",
                "The access token of a person: of `POST /v1/auth/login`, or of the workspace's identity provider; with one of the latter the header `Baton-Workspace` names the workspace by its id. `x-roles` of an operation are the roles that may call it.",
            ),
        );
        components.responses.extend(problem::components());
    }
}

/// Completes the document that was collected from the handlers.
pub fn complete(api: &mut utoipa::openapi::OpenApi) {
    secure(api);
    lead_on(api);
    requests::complete(api);
    let schemas = api
        .components
        .iter_mut()
        .flat_map(|components| components.schemas.values_mut());
    schemas.for_each(plain);
}

/// Says more plainly what a schema means: that the default of what may be left out is `null` says nothing, and an
/// object that names no field has any (some generators would take it for one that has none).
fn plain(schema: &mut RefOr<Schema>) {
    let none = Vec::new;
    let (default, within) = match schema {
        RefOr::Ref(reference) => (&mut reference.default, none()),
        RefOr::T(Schema::Object(object)) => {
            if is_any_object(object) {
                object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(true)));
            }
            let mut within: Vec<_> = object.properties.values_mut().collect();
            if let Some(AdditionalProperties::RefOr(others)) =
                object.additional_properties.as_deref_mut()
            {
                within.push(others);
            }
            (&mut object.default, within)
        }
        RefOr::T(Schema::Array(array)) => {
            let within = match &mut array.items {
                ArrayItems::RefOrSchema(items) => vec![&mut **items],
                ArrayItems::False => none(),
            };
            (&mut array.default, within)
        }
        RefOr::T(Schema::OneOf(one)) => (&mut one.default, one.items.iter_mut().collect()),
        RefOr::T(Schema::AnyOf(any)) => (&mut any.default, any.items.iter_mut().collect()),
        RefOr::T(Schema::AllOf(all)) => (&mut all.default, all.items.iter_mut().collect()),
        RefOr::T(_) => return,
    };
    if default.as_ref().is_some_and(serde_json::Value::is_null) {
        *default = None;
    }
    within.into_iter().for_each(plain);
}

fn is_any_object(object: &Object) -> bool {
    let is_object = match &object.schema_type {
        SchemaType::Type(only) => *only == Type::Object,
        SchemaType::Array(types) => types.contains(&Type::Object),
        SchemaType::AnyValue => false,
    };
    is_object && object.properties.is_empty() && object.additional_properties.is_none()
}

/// Adds to each operation under `/v1` what it needs, by the table that requests are checked against.
fn secure(api: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let operations: [(HttpMethod, &str, &mut Option<Operation>); 5] = [
            (HttpMethod::Get, "GET", &mut item.get),
            (HttpMethod::Post, "POST", &mut item.post),
            (HttpMethod::Put, "PUT", &mut item.put),
            (HttpMethod::Patch, "PATCH", &mut item.patch),
            (HttpMethod::Delete, "DELETE", &mut item.delete),
        ];
        for (_, method, operation) in operations {
            let (Some(operation), Some(needs)) = (operation, permissions::needs(method, path))
            else {
                continue;
            };
            let key = SecurityRequirement::new(KEY, needs.scope_names());
            let token = SecurityRequirement::new(TOKEN, Vec::<String>::new());
            operation.security = Some(match needs {
                Needs::Nothing => Vec::new(),
                Needs::Person => vec![token],
                Needs::Caller | Needs::Scope(_) | Needs::Both(_) => vec![key, token],
            });
            if needs != Needs::Nothing {
                let roles = ExtensionsBuilder::new().add("x-roles", json!(needs.roles()));
                operation.extensions = Some(roles.build());
            }
        }
    }
}

/// Adds to each operation of a lead that the lead may have become a part of another.
fn lead_on(api: &mut utoipa::openapi::OpenApi) {
    for (path, item) in &mut api.paths.paths {
        if !path.starts_with("/v1/leads/{id}") {
            continue;
        }
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        for operation in operations.into_iter().flatten() {
            operation.responses.responses.extend(problem::moved());
        }
    }
}

/// Every operation, to be completed.
fn operations(api: &mut utoipa::openapi::OpenApi) -> impl Iterator<Item = &mut Operation> {
    let items = api.paths.paths.values_mut();
    items.flat_map(|item| {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.patch,
        ];
        operations.into_iter().flatten()
    })
}

/// The operations under `/v1`, by their `operationId`, and what each needs.
pub struct Operations(Vec<(String, Needs)>);

impl Operations {
    /// Those of a document.
    pub fn of(api: &utoipa::openapi::OpenApi) -> Operations {
        let mut found = Vec::new();
        for (path, item) in &api.paths.paths {
            let operations = [
                ("GET", &item.get),
                ("POST", &item.post),
                ("PUT", &item.put),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            for (method, operation) in operations {
                let id = operation.as_ref().and_then(|one| one.operation_id.clone());
                found.extend(id.zip(permissions::needs(method, path)));
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        Operations(found)
    }

    /// Those that a caller with these scopes may call.
    pub fn allowed(&self, scopes: &[Scope], is_person: bool) -> Vec<String> {
        let may = |(_, needs): &&(String, Needs)| needs.allows(scopes, is_person);
        self.0
            .iter()
            .filter(may)
            .map(|(id, _)| id.clone())
            .collect()
    }
}

/// The document as text, as it is served and committed.
pub fn text(api: &utoipa::openapi::OpenApi) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(api)? + "\n")
}

/// The document, as every process serves it.
pub struct DocumentText(pub String);

/// The OpenAPI document.
#[utoipa::path(tag = "operation", responses((status = 200, description = "This document", body = serde_json::Value)))]
#[get("/openapi.json")]
pub async fn get_openapi(document: web::Data<DocumentText>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.0.clone())
}
