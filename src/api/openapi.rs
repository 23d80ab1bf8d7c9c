//! The OpenAPI document: collected from the handlers, with what each operation needs from the permission table.

mod requests;

use crate::api::permissions::{self, Needs};
use crate::api::problem::{self, Problem};
use actix_web::{HttpResponse, get, web};
use utoipa::openapi::path::Operation;
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
        (name = "submissions", description = "What came in, raw, and what waits in quarantine"),
        (name = "changes", description = "The change feed"),
        (name = "forms", description = "Forms of websites"),
        (name = "fields", description = "The workspace's own fields of leads"),
        (name = "schema", description = "What leads are made of"),
        (name = "workspace", description = "The workspace and its rules"),
        (name = "operation", description = "For operators"),
    ),
)]
pub struct Document;

/// What operations refer to.
struct Shared;

const SCHEME: &str = "api_key";

impl Modify for Shared {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An API key, `bk_live_…`. The scopes of an operation are those the key needs.",
            ));
        let components = api.components.get_or_insert_with(Default::default);
        components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer.build()));
        components.responses.extend(problem::components());
    }
}

/// Completes the document that was collected from the handlers.
pub fn complete(api: &mut utoipa::openapi::OpenApi) {
    secure(api);
    requests::complete(api);
    let schemas = api
        .components
        .iter_mut()
        .flat_map(|components| components.schemas.values_mut());
    schemas.for_each(omit_null_defaults);
}

/// What may be left out is not required; that its default is `null` says nothing more.
fn omit_null_defaults(schema: &mut RefOr<Schema>) {
    let none = Vec::new;
    let (default, within) = match schema {
        RefOr::Ref(reference) => (&mut reference.default, none()),
        RefOr::T(Schema::Object(object)) => (
            &mut object.default,
            object.properties.values_mut().collect(),
        ),
        RefOr::T(Schema::Array(array)) => (&mut array.default, none()),
        RefOr::T(Schema::OneOf(one)) => (&mut one.default, one.items.iter_mut().collect()),
        RefOr::T(Schema::AnyOf(any)) => (&mut any.default, any.items.iter_mut().collect()),
        RefOr::T(Schema::AllOf(all)) => (&mut all.default, all.items.iter_mut().collect()),
        RefOr::T(_) => return,
    };
    if default.as_ref().is_some_and(serde_json::Value::is_null) {
        *default = None;
    }
    within.into_iter().for_each(omit_null_defaults);
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
            let scopes: Vec<&str> = match needs {
                Needs::Key => Vec::new(),
                Needs::Scope(scope) => vec![scope.as_str()],
            };
            operation.security = Some(vec![SecurityRequirement::new(SCHEME, scopes)]);
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
