//! Who is calling, and may they? Everything under `/v1` passes here first.

use crate::api::bearer::{self, outside};
use crate::api::client_address::client_address;
use crate::api::cors::AllowedOrigins;
use crate::api::permissions::{self, Needs};
use crate::api::problem::ApiError;
use crate::api::rate_limit::{Decision, Quota};
use crate::api::state::{AppState, Session, blocking, key_ring};
use crate::domain::access::Scope;
use crate::domain::audit::Trail;
use crate::domain::event::{Actor, Cause, Provenance};
use crate::domain::flow::activities::Editing;
use crate::domain::flow::authenticate::{self, Principal};
use crate::domain::flow::come_in;
use crate::domain::flow::on_behalf::OnBehalf;
use crate::domain::key::ApiKey;
use crate::error::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::{DateTime, SubsecRound, Utc};
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use uuid::Uuid;

/// The header by which a system names itself, so that it does not hear its own changes again.
pub const ORIGIN: &str = "baton-origin";

/// The program or person that is calling, as handlers get it.
#[derive(Clone)]
pub struct Caller {
    principal: Arc<Principal>,
    request_id: String,
    origin: Option<String>,
    client_address: IpAddr,
}

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl Caller {
    /// Who is said to have done what this request does.
    pub fn actor(&self) -> Actor {
        self.actor.clone()
    }

    /// The system the request came through, by its `Baton-Origin` header.
    pub fn origin(&self) -> Option<String> {
        self.origin.clone()
    }

    /// On whose behalf the request's flows run. Times are kept to the microsecond: what is answered at once is what is read
    /// later.
    pub fn on_behalf(&self, now: DateTime<Utc>) -> OnBehalf {
        OnBehalf {
            visible: self.visible.clone(),
            provenance: self.provenance(),
            rules: self.rules.clone(),
            now: now.trunc_subsecs(6),
        }
    }

    /// Who acts and through which request, for the audit log.
    pub fn trail(&self) -> Trail {
        Trail {
            actor: self.actor(),
            request_id: Some(self.request_id.clone()),
            client_address: Some(self.client_address.to_string()),
        }
    }

    /// Whose activities and notes they may change: who may delete leads may change everybody's.
    pub fn editing(&self) -> Editing {
        if self.scopes.contains(&Scope::LeadsDelete) {
            Editing::Everybodys
        } else {
            Editing::Own
        }
    }

    /// Who, why and through what, for a change that the request itself asks for.
    pub fn provenance(&self) -> Provenance {
        Provenance {
            actor: self.actor(),
            cause: Cause::request(self.request_id.clone()),
            origin: self.origin(),
        }
    }
}

impl FromRequest for Caller {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            request
                .extensions()
                .get::<Caller>()
                .cloned()
                .ok_or_else(ApiError::missing_key),
        )
    }
}

/// Who acts from where, in the request that is being answered.
pub fn client_trail(actor: Actor, client_address: IpAddr) -> Trail {
    Trail {
        actor,
        request_id: super::request_id::current(),
        client_address: Some(client_address.to_string()),
    }
}

/// Middleware: lets a request through when its key or token is good, may do this, and has not asked too often.
///
/// Refusals are answers, not errors: only those pass the middlewares around it.
pub async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    let Some(needs) = request
        .match_pattern()
        .and_then(|path| permissions::needs(request.method().as_str(), &path))
    else {
        // Not an operation: the default service says so, to anybody.
        return Ok(next.call(request).await?.map_into_left_body());
    };
    if needs == Needs::Nothing {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let admitted = match admit(&request, needs).await {
        Ok(admitted) => admitted,
        Err(refusal) => return Ok(request.error_response(refusal).map_into_right_body()),
    };
    request.extensions_mut().insert(admitted.caller);
    let mut response = next.call(request).await?;
    for (name, value) in admitted.decision.headers() {
        response.headers_mut().insert(name, value);
    }
    Ok(response.map_into_left_body())
}

struct Admitted {
    caller: Caller,
    decision: Decision,
}

async fn admit(request: &ServiceRequest, needs: Needs) -> Result<Admitted, ApiError> {
    let state = request
        .app_data::<web::Data<AppState>>()
        .cloned()
        .ok_or_else(|| Error::internal("no state"))?;
    let principal = identify(&state, request.headers()).await?;
    check_page(request.request(), principal.rules.allowed_origins.clone())?;
    let quota = principal
        .requests_per_minute
        .map_or(state.key_quota, |requests| Quota {
            requests,
            window_seconds: 60,
        });
    let decision = state.limits.check(principal.id, quota);
    if !decision.allowed {
        return Err(ApiError::rate_limited(&decision));
    }
    let mut scopes = needs.scopes().into_iter();
    if let Some(missing) = scopes.find(|scope| !principal.scopes.contains(scope)) {
        return Err(ApiError::missing_scope(missing.as_str()));
    }
    if needs == Needs::Person && principal.person.is_none() {
        return Err(ApiError::forbidden(
            "This is for people: log in, and send the access token.",
        ));
    }
    let request_id = super::request_id::current().unwrap_or_default();
    let origin = request
        .headers()
        .get(ORIGIN)
        .and_then(|value| value.to_str().ok());
    let origin = origin.map(|origin| origin.chars().take(64).collect());
    Ok(Admitted {
        caller: Caller {
            principal,
            request_id,
            origin,
            client_address: client_address(request.request(), state.trusted_proxies),
        },
        decision,
    })
}

async fn identify(
    state: &web::Data<AppState>,
    headers: &header::HeaderMap,
) -> Result<Arc<Principal>, ApiError> {
    let given = headers
        .get(header::AUTHORIZATION)
        .ok_or_else(ApiError::missing_key)?;
    let (scheme, token) = given
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .ok_or_else(ApiError::invalid_key)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ApiError::invalid_key());
    }
    let token = token.trim();
    match ApiKey::parse(token) {
        Some(key) => by_key(state, key).await,
        None => by_token(state, token, headers).await,
    }
}

async fn by_key(state: &web::Data<AppState>, key: ApiKey) -> Result<Arc<Principal>, ApiError> {
    let known = match state.principals.get(&key) {
        Some(known) => known,
        None => {
            let db = state.db.clone();
            let found = blocking(move || {
                db.in_workspace(key.workspace_id, |conn| {
                    authenticate::by_api_key(conn, &key, Utc::now())
                })
            })
            .await?;
            let found = found.map(Arc::new);
            state.principals.insert(key, found.clone());
            found
        }
    };
    known.ok_or_else(ApiError::invalid_key)
}

/// The token says who and in which session; whether the session goes on, and what the person may do now, the database
/// does, at most five seconds ago.
async fn by_token(
    state: &web::Data<AppState>,
    token: &str,
    headers: &header::HeaderMap,
) -> Result<Arc<Principal>, ApiError> {
    let header = bearer::header(token).ok_or_else(ApiError::invalid_key)?;
    let ring = key_ring(state).await?;
    let is_ours = header.kid.as_deref().is_some_and(|kid| ring.has(kid));
    if let (false, Some(workspace)) = (is_ours, headers.get(outside::WORKSPACE)) {
        let workspace = workspace.to_str().ok().and_then(|text| text.parse().ok());
        let workspace_id = workspace.ok_or_else(ApiError::invalid_key)?;
        return by_outside_token(state, workspace_id, token, header).await;
    }
    let claims = state.access_tokens.verify(&ring, token, &header);
    let claims = claims.ok_or_else(ApiError::invalid_key)?;
    let session = Session {
        workspace_id: claims.workspace_id,
        user_id: claims.sub,
        session_id: claims.session_id,
    };
    let known = match state.people.get(&session) {
        Some(known) => known,
        None => {
            let db = state.db.clone();
            let found = blocking(move || {
                db.in_workspace(session.workspace_id, |conn| {
                    authenticate::by_session(conn, session.user_id, session.session_id, Utc::now())
                })
            })
            .await?;
            let found = found.map(Arc::new);
            state.people.insert(session, found.clone());
            found
        }
    };
    known
        .filter(|principal| {
            let person = principal.person.as_ref();
            person.is_some_and(|person| person.user.token_epoch == claims.epoch)
        })
        .ok_or_else(ApiError::invalid_key)
}

/// The workspace's provider says who it is, by a token that is checked at every request; what they may do now, the
/// database does, at most five seconds ago.
async fn by_outside_token(
    state: &web::Data<AppState>,
    workspace_id: Uuid,
    token: &str,
    header: jsonwebtoken::Header,
) -> Result<Arc<Principal>, ApiError> {
    let (shared, token) = (state.clone(), token.to_owned());
    let found = blocking(move || {
        let provider = match shared.providers.get(&workspace_id) {
            Some(known) => known,
            None => {
                let found = shared.db.in_workspace(workspace_id, come_in::provider)?;
                let found = found.map(Arc::new);
                shared.providers.insert(workspace_id, found.clone());
                found
            }
        };
        let Some(provider) = provider else {
            return Ok(None);
        };
        let claims = outside::verify(&shared.provider_keys, &provider, &token, &header)?;
        let Some(person) = claims.and_then(|claims| provider.person(&claims)) else {
            return Ok(None);
        };
        let guest = (workspace_id, Sha256::digest(&token).into());
        if let Some(known) = shared.guests.get(&guest) {
            return Ok(known);
        }
        let come_in = || {
            shared.db.in_workspace(workspace_id, |conn| {
                come_in::come_in(conn, &provider, &person, Utc::now())
            })
        };
        // Who comes twice at once for the first time is somebody known the second time.
        let found = match come_in() {
            Err(Error::Conflict(_)) => come_in(),
            once => once,
        }?;
        let found = found.map(Arc::new);
        shared.guests.insert(guest, found.clone());
        Ok(found)
    })
    .await?;
    found.ok_or_else(ApiError::invalid_key)
}

/// Refuses a page whose origin the workspace does not name; keeps the origins for the answer's CORS headers.
pub fn check_page(request: &HttpRequest, allowed_origins: Vec<String>) -> Result<(), ApiError> {
    let allowed = AllowedOrigins(allowed_origins);
    let is_foreign = is_foreign_page(request, &allowed);
    request.extensions_mut().insert(allowed);
    if is_foreign {
        return Err(ApiError::forbidden(
            "pages of this origin may not call the API; an administrator can add it to the workspace's allowed_origins",
        ));
    }
    Ok(())
}

/// Whether a page asks whose origin the workspace does not name: it may not call, whoever gave it a key.
fn is_foreign_page(request: &HttpRequest, allowed: &AllowedOrigins) -> bool {
    let text = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    text(header::ORIGIN)
        .is_some_and(|origin| !allowed.allows(origin, text(header::HOST).unwrap_or_default()))
}
