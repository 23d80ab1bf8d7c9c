//! `/v1/workspace`: the workspace of the key, and its rules.

use crate::api::auth::Caller;
use crate::api::conditional::{etag, expected_version};
use crate::api::extract::MergePatch;
use crate::api::idempotency;
use crate::api::problem::{ApiError, ReadProblems, WriteProblems};
use crate::api::state::{AppState, in_workspace};
use crate::domain::access::Scope;
use crate::domain::audit::{Action, Target};
use crate::domain::capture_draft;
use crate::domain::flow::once;
use crate::domain::identity::IdentityKind;
use crate::domain::lead_fields::Field;
use crate::domain::normalise::{country, locale};
use crate::domain::stage::is_key;
use crate::domain::workspace::WorkspaceSettings;
use crate::error::{Error, FieldError, Result};
use crate::store::workspaces::{self, Workspace};
use crate::store::{audit_log, match_positions};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, patch, web};
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// A workspace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Workspace)]
pub struct WorkspaceBody {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    #[schema(example = "Acme")]
    pub name: String,
    /// How it wants its leads handled.
    pub settings: WorkspaceSettings,
    /// Counts every change, from 1; the `ETag`.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl From<Workspace> for WorkspaceBody {
    fn from(workspace: Workspace) -> Self {
        let Workspace {
            id,
            name,
            settings,
            version,
            created_at,
            updated_at,
        } = workspace;
        WorkspaceBody {
            id,
            name,
            settings,
            version,
            created_at,
            updated_at,
        }
    }
}

/// What a request says of a workspace.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "the documented shape of a merge patch")]
pub struct WorkspaceWrite {
    /// Its name, which cannot be cleared.
    #[schema(min_length = 1, max_length = 200, value_type = String, required = false)]
    pub name: Option<String>,
    /// How it wants its leads handled; what is not named stays.
    pub settings: Option<WorkspaceSettings>,
}

/// Read the workspace of the key.
#[utoipa::path(tag = "workspace", responses((status = 200, description = "The workspace", body = WorkspaceBody, headers(("ETag" = String, description = "Its version"))), ReadProblems))]
#[get("/workspace")]
pub async fn get_workspace(
    state: web::Data<AppState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let workspace = in_workspace(&state, caller.workspace_id, workspaces::get).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::ETAG, etag(workspace.version)))
        .json(WorkspaceBody::from(workspace)))
}

/// Until then every process captures by the new settings.
const KNOWN_EVERYWHERE: Duration = Duration::seconds(60);

/// Change the workspace: a JSON merge patch. Other processes follow within five seconds.
#[utoipa::path(
    tag = "workspace",
    params(("If-Match" = Option<String>, Header, description = "An ETag: 412 unless the workspace is still that version"),
        ("Idempotency-Key" = Option<String>, Header, description = "A text of your own for this request, kept for 72 hours: sent again, it gets the first answer again")),
    request_body(content = WorkspaceWrite, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The workspace afterwards", body = WorkspaceBody, headers(("ETag" = String, description = "Its version"))), WriteProblems),
)]
#[patch("/workspace")]
pub async fn update_workspace(
    request: HttpRequest,
    state: web::Data<AppState>,
    caller: Caller,
    patch: MergePatch<WorkspaceWrite>,
) -> Result<HttpResponse, ApiError> {
    let key = idempotency::key(&request, &caller, &patch.raw)?;
    let expected = expected_version(&request)?;
    let changes = patch.changes;
    let allow_private = state.allow_private_addresses;
    let answered = in_workspace(&state, caller.workspace_id, move |conn| {
        let now = Utc::now();
        once::once(conn, key.as_ref(), now, |conn| {
            let before = workspaces::lock(conn)?;
            if let Some(expected) = expected.filter(|expected| *expected != before.version) {
                return Err(Error::VersionMismatch {
                    what: "workspace",
                    expected: expected.to_string(),
                    current: before.version,
                });
            }
            let after = Workspace {
                version: before.version + 1,
                updated_at: now,
                ..changed(&before, &changes, allow_private)?
            };
            let same = after.name == before.name && after.settings == before.settings;
            if !same {
                check_rights(&before.settings, &after.settings, &caller)?;
                workspaces::update(conn, &after)?;
                if before.settings.matching.evidence != after.settings.matching.evidence {
                    match_positions::begin_anew(conn, now + KNOWN_EVERYWHERE)?;
                }
                let target = Target::new("workspace", after.id);
                let details = json!({ "changed": changed_names(&before, &after)? });
                let trail = caller.trail();
                audit_log::add(
                    conn,
                    &trail,
                    Action::WorkspaceChanged,
                    Some(target),
                    details,
                    now,
                )?;
            }
            let shown = if same { before } else { after };
            idempotency::answer(
                StatusCode::OK,
                Some(etag(shown.version)),
                &WorkspaceBody::from(shown),
            )
        })
    })
    .await?;
    state.rules_changed();
    Ok(idempotency::respond(answered))
}

/// Who names the identity provider says who the admins are.
fn check_rights(
    before: &WorkspaceSettings,
    after: &WorkspaceSettings,
    caller: &Caller,
) -> Result<()> {
    if before.identity_provider == after.identity_provider
        || caller.scopes.contains(&Scope::UsersWrite)
    {
        return Ok(());
    }
    Err(Error::Forbidden(
        "To change identity_provider the scope `users:write` is needed, too: it says who comes in.",
    ))
}

/// The names of what changed, for the audit log.
fn changed_names(before: &Workspace, after: &Workspace) -> Result<Vec<String>> {
    let settings =
        |workspace: &Workspace| serde_json::to_value(&workspace.settings).map_err(Error::internal);
    let (old, new) = (settings(before)?, settings(after)?);
    let names = new.as_object().into_iter().flat_map(Map::keys);
    let changed = names.filter(|name| old.get(*name) != new.get(*name));
    let name = (before.name != after.name).then(|| "name".to_owned());
    Ok(name
        .into_iter()
        .chain(changed.map(|name| format!("settings.{name}")))
        .collect())
}

fn changed(
    workspace: &Workspace,
    changes: &Map<String, Value>,
    allow_private: bool,
) -> Result<Workspace> {
    let mut after = workspace.clone();
    if let Some(name) = changes.get("name") {
        let name = capture_draft::line(name.as_str().map(str::to_owned));
        after.name = name.ok_or_else(|| {
            Error::Invalid(vec![FieldError::new(
                "/name",
                "empty_name",
                "a workspace has a name",
            )])
        })?;
    }
    match changes.get("settings") {
        None => {}
        Some(Value::Object(settings)) => {
            let mut merged = serde_json::to_value(&workspace.settings).map_err(Error::internal)?;
            merge(&mut merged, settings);
            after.settings = serde_json::from_value(merged).map_err(|_| {
                Error::Invalid(vec![FieldError::new(
                    "/settings",
                    "wrong_type",
                    "the settings do not fit their schema",
                )])
            })?;
        }
        Some(_) => after.settings = WorkspaceSettings::default(),
    }
    check(&mut after.settings, allow_private)?;
    Ok(after)
}

/// RFC 7396; a setting that is `null` goes back to its default.
fn merge(target: &mut Value, patch: &Map<String, Value>) {
    let Value::Object(target) = target else {
        return;
    };
    for (name, value) in patch {
        match (target.get_mut(name), value) {
            (_, Value::Null) => {
                target.shift_remove(name);
            }
            (Some(old @ Value::Object(_)), Value::Object(inner)) => merge(old, inner),
            _ => {
                target.insert(name.clone(), value.clone());
            }
        }
    }
}

fn check(settings: &mut WorkspaceSettings, allow_private: bool) -> Result<()> {
    let mut errors = Vec::new();
    if settings.identity_order.contains(&IdentityKind::VisitorId) {
        errors.push(FieldError::new(
            "/settings/identity_order",
            "visitor_id_is_no_identity",
            "a visitor id says nothing of who somebody is: one of external_id, email, phone and custom_field",
        ));
    }
    let mut seen = settings.identity_order.clone();
    seen.sort_unstable();
    seen.dedup();
    if seen.len() != settings.identity_order.len() {
        errors.push(FieldError::new(
            "/settings/identity_order",
            "repeated",
            "each kind at most once",
        ));
    }
    if let Some(given) = &settings.default_country {
        match country::alpha2(given) {
            Some(code) => settings.default_country = Some(code.to_owned()),
            None => errors.push(FieldError::new(
                "/settings/default_country",
                "invalid_country",
                "not an ISO 3166-1 alpha-2 code, such as DE",
            )),
        }
    }
    match locale::timezone(&settings.timezone) {
        Some(name) => settings.timezone = name,
        None => errors.push(FieldError::new(
            "/settings/timezone",
            "invalid_timezone",
            "not an IANA time zone, such as Europe/Berlin",
        )),
    }
    for name in settings.merge_policies.keys() {
        if Field::from_name(name).is_none() && !name.starts_with("custom.") {
            let pointer = format!(
                "/settings/merge_policies/{}",
                name.chars().take(64).collect::<String>()
            );
            errors.push(FieldError::new(
                pointer,
                "not_a_lead_field",
                "not a field of leads; custom values are custom.<name>",
            ));
        }
    }
    for name in settings.survivorship.rules.keys() {
        if Field::from_name(name).is_none() && !name.starts_with("custom.") {
            let name: String = name.chars().take(64).collect();
            errors.push(FieldError::new(
                format!("/settings/survivorship/rules/{name}"),
                "not_a_lead_field",
                "not a field of leads; custom values are custom.<name>",
            ));
        }
    }
    if settings.matching.possible_permille > settings.matching.probable_permille {
        errors.push(FieldError::new(
            "/settings/matching/possible_permille",
            "above_probable",
            "what is probable is possible, too: at most probable_permille",
        ));
    }
    if let Some(provider) = &settings.identity_provider {
        errors.extend(provider.problems(allow_private).into_iter().map(|wrong| {
            let pointer = format!("/settings/identity_provider{}", wrong.pointer);
            FieldError { pointer, ..wrong }
        }));
    }
    for (index, reason) in settings.disqualify_reasons.iter().enumerate() {
        let pointer = format!("/settings/disqualify_reasons/{index}");
        if !is_key(reason) {
            let detail = "a reason has 1 to 50 of a–z, 0–9 and `_`, and begins with a letter";
            errors.push(FieldError::new(pointer, "invalid_key", detail));
        } else if settings.disqualify_reasons[..index].contains(reason) {
            errors.push(FieldError::new(
                pointer,
                "not_unique",
                "each reason at most once",
            ));
        }
    }
    if settings.disqualify_reasons.is_empty() {
        errors.push(FieldError::new(
            "/settings/disqualify_reasons",
            "none_left",
            "a lead is disqualified for a reason: name at least one, or null for the usual ones",
        ));
    }
    for (index, origin) in settings.allowed_origins.iter().enumerate() {
        let is_origin = url::Url::parse(origin).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none()
        });
        if origin != "*" && !is_origin {
            let detail =
                "an origin has a scheme, a host and perhaps a port: https://app.example.com";
            errors.push(FieldError::new(
                format!("/settings/allowed_origins/{index}"),
                "invalid_origin",
                detail,
            ));
        }
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(errors))
    }
}
