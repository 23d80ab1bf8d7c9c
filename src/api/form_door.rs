//! `POST /f/{publishable key}`: the form of a website.
//!
//! Anybody can see the key and call this. So the answer tells nothing but that the submission came: it is the same, and
//! comes after the same time, whether the person is known or not (promise P12).

use crate::api::capture_json::CaptureBody;
use crate::api::captures::{self, Prepared, Received, Sender};
use crate::api::client_address::client_address;
use crate::api::cors::AllowedOrigins;
use crate::api::extract;
use crate::api::form_body::FormBody;
use crate::api::problem::{ApiError, Problem, WriteProblems};
use crate::api::shape::Shape;
use crate::api::state::{AppState, blocking, in_workspace};
use crate::domain::capture_draft::{CaptureDraft, Manner};
use crate::domain::event::Actor;
use crate::domain::flow::authenticate::{self, Website};
use crate::domain::form::Form;
use crate::domain::key::PublishableKey;
use crate::domain::lead_draft;
use crate::domain::lead_fields::Field;
use crate::domain::rules::Rules;
use crate::domain::submission::{Door, SubmissionContext, SubmissionState};
use crate::error::{Error, FieldError, Result};
use crate::store::submissions;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// Bytes of a form, with its files.
const LIMIT: usize = 256 * 1024;
/// Answers come at the next whole multiple of this after the request.
const STEP: Duration = Duration::from_millis(100);

/// The fields of a form, by name.
#[derive(ToSchema)]
#[schema(example = json!({"email": "ada@example.com", "your-name": "Ada Lovelace"}))]
#[allow(
    dead_code,
    reason = "only the schema is used: `form_body` reads what browsers send"
)]
pub struct FormFields(HashMap<String, String>);

/// The fields of a form, by name, as a script may send them.
#[derive(ToSchema)]
#[schema(example = json!({"email": "ada@example.com", "your-name": "Ada Lovelace"}))]
#[allow(
    dead_code,
    reason = "only the schema is used: `form_body` reads what scripts send"
)]
pub struct FormValues(HashMap<String, Value>);

/// The submission came.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormAnswer {
    /// Always `received`.
    #[schema(example = "received")]
    pub status: String,
}

/// Submit a form of a website.
///
/// Takes what browsers and scripts send: urlencoded, multipart, JSON, and JSON as plain text (beacons). Field names are
/// those of leads or common other ones; what has no place is kept in `custom`. `answers[budget]`, `answers.budget`, an object
/// `answers` in JSON, and plain names of criteria that no field has answer what your framework asks. A browser is sent on to an address the form
/// allows (hidden field `_next`), or gets a plain page; a script gets JSON. Needs no secret: the key may stand in the page.
#[utoipa::path(
    tag = "forms",
    params(("key" = String, Path, description = "The publishable key, `bk_pub_…`")),
    request_body(content((FormFields = "application/x-www-form-urlencoded"), (FormFields = "multipart/form-data"), (FormValues = "application/json"), (String = "text/plain"))),
    responses(
        (status = 200, description = "The submission came", content((FormAnswer = "application/json"), (String = "text/html"))),
        (status = 303, description = "The submission came; the browser goes on"),
        WriteProblems,
    ),
)]
#[post("/f/{key}")]
pub async fn submit_form(
    request: HttpRequest,
    state: web::Data<AppState>,
    key: web::Path<String>,
    payload: web::Payload,
) -> HttpResponse {
    let began = Instant::now();
    let wants_page = wants_page(&request);
    let done = receive(&request, &state, &key, payload.into_inner()).await;
    let late = began.elapsed().as_nanos() % STEP.as_nanos();
    tokio::time::sleep(STEP - Duration::from_nanos(late.try_into().unwrap_or_default())).await;
    match done {
        Ok(Some(next)) if wants_page => HttpResponse::SeeOther()
            .insert_header((header::LOCATION, next))
            .finish(),
        Ok(_) if wants_page => page(
            actix_web::http::StatusCode::OK,
            "Thank you",
            "We have received your message.",
        ),
        Ok(_) => HttpResponse::Ok().json(FormAnswer {
            status: "received".to_owned(),
        }),
        Err(refusal) if wants_page => refusal_page(refusal.problem()),
        Err(refusal) => HttpResponse::from_error(refusal),
    }
}

/// Takes the submission in; the answer is where the browser goes next.
async fn receive(
    request: &HttpRequest,
    state: &web::Data<AppState>,
    key: &str,
    payload: Payload,
) -> Result<Option<String>, ApiError> {
    let decision = state.address_limits.check(
        client_address(request, state.trusted_proxies),
        state.address_quota,
    );
    if !decision.allowed {
        return Err(ApiError::rate_limited(&decision));
    }
    let website = identify(state, key).await?;
    let allowed = if website.form.allowed_origins.is_empty() {
        vec!["*".to_owned()]
    } else {
        website.form.allowed_origins.clone()
    };
    request.extensions_mut().insert(AllowedOrigins(allowed));
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok());
    if origin.is_some_and(|origin| !website.form.allows_origin(origin)) {
        return Err(ApiError::forbidden(
            "pages of this origin may not use this form",
        ));
    }
    let body = extract::read_body(request.clone(), payload, LIMIT).await?;
    let content_type = captures::content_type(request);
    let sent = FormBody::read(&content_type, &body).await?;
    let next = sent
        .next()
        .filter(|address| website.form.may_redirect_to(address))
        .map(str::to_owned);
    let is_spam = sent.is_spam();
    let context = captures::context(request, state, None);
    let draft = sent.into_draft(&website.form.source, &website.rules);
    let received = Received {
        door: Door::Form,
        content_type,
        body: body.to_vec(),
        context,
        idempotency_key: None,
    };
    take_in(state, &website, draft, received, is_spam).await?;
    Ok(next)
}

async fn identify(state: &web::Data<AppState>, key: &str) -> Result<Arc<Website>, ApiError> {
    let key = PublishableKey::parse(key).ok_or_else(|| ApiError::not_found("form"))?;
    let known = match state.websites.get(&key) {
        Some(known) => known,
        None => {
            let db = state.db.clone();
            let found = blocking(move || {
                db.in_workspace(key.workspace_id, |conn| {
                    authenticate::by_publishable_key(conn, key)
                })
            })
            .await?;
            let found = found.map(Arc::new);
            state.websites.insert(key, found.clone());
            found
        }
    };
    known.ok_or_else(|| ApiError::not_found("form"))
}

async fn take_in(
    state: &web::Data<AppState>,
    website: &Website,
    draft: CaptureDraft,
    received: Received,
    is_spam: bool,
) -> Result<()> {
    let draft = with_context(draft, &received.context);
    let country = website
        .form
        .default_country
        .clone()
        .or_else(|| website.rules.default_country.clone());
    let draft = forgiving(draft, country.as_deref());
    let sender = Sender {
        actor: Actor::form(website.form.id),
        form_id: Some(website.form.id),
        default_country: country,
        rules: website.rules.clone(),
    };
    let prepared = captures::prepare(draft, received, sender, Manner::Forgiving);
    match prepared {
        Prepared::Ready(incoming) if is_spam => {
            let mut spam = incoming.submission;
            spam.state = SubmissionState::Spam;
            in_workspace(state, website.workspace_id, move |conn| {
                submissions::insert_all(conn, &[&spam])
            })
            .await
        }
        Prepared::Ready(incoming) => {
            let rules = website.rules.clone();
            state
                .captures
                .submit(website.workspace_id, *incoming, rules)
                .await
                .map(|_| ())
        }
        // A program that says nothing of anybody is answered like one that does.
        Prepared::Refused(_) if is_spam => Ok(()),
        Prepared::Refused(errors) => Err(Error::Invalid(errors)),
        Prepared::Broken(broken) => captures::set_aside(state, website.workspace_id, *broken)
            .await
            .map(|_| ()),
    }
}

/// What the browser says of itself, where the form does not.
fn with_context(mut draft: CaptureDraft, context: &SubmissionContext) -> CaptureDraft {
    draft.ip.clone_from(&context.ip);
    draft.user_agent.clone_from(&context.user_agent);
    if draft.page_url.is_none() {
        draft.page_url.clone_from(&context.referrer);
    }
    draft
}

/// A visitor cannot mend a field that does not fit, or is longer than it may be: it is kept in `custom` instead. Nor can
/// who reads an old file.
pub fn forgiving(mut draft: CaptureDraft, country: Option<&str>) -> CaptureDraft {
    let given = Field::ALL.iter().filter(|field| draft.fields.has(**field));
    let given: Map<String, Value> = given
        .map(|field| (field.name().to_owned(), draft.fields.value(*field)))
        .collect();
    let mut errors = Shape::of::<CaptureBody>().check(&Value::Object(given));
    let normal = lead_draft::normalise(draft.fields.clone(), draft.full_name.as_deref(), country);
    errors.extend(normal.err().into_iter().flatten());
    for field in errors
        .iter()
        .filter_map(|error| Field::from_name(error.pointer.trim_start_matches('/')))
    {
        if draft.fields.has(field) {
            let value = draft.fields.value(field);
            draft.custom.entry(field.name()).or_insert(value);
            draft.fields.set(field, &Value::Null);
        }
    }
    draft
}

/// Reads a kept form post as it would be read today.
pub fn read_again(
    form: &Form,
    content_type: &str,
    body: &[u8],
    context: &SubmissionContext,
    rules: &Rules,
) -> Result<CaptureDraft> {
    let sent = futures_util::future::FutureExt::now_or_never(FormBody::read(
        content_type,
        &Bytes::copy_from_slice(body),
    ));
    let unreadable = || {
        Error::Invalid(vec![FieldError::new(
            "",
            "unreadable",
            "the submission cannot be read",
        )])
    };
    let draft = sent
        .ok_or_else(unreadable)?
        .map_err(|_| unreadable())?
        .into_draft(&form.source, rules);
    Ok(forgiving(
        with_context(draft, context),
        form.default_country.as_deref(),
    ))
}

/// A browser that navigates asks for a page; a script asks for JSON, or says that it is one.
fn wants_page(request: &HttpRequest) -> bool {
    let text = |name: header::HeaderName| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let is_script = request.headers().contains_key("x-requested-with")
        || text(header::CONTENT_TYPE).starts_with("application/json");
    !is_script && text(header::ACCEPT).contains("text/html")
}

fn page(status: actix_web::http::StatusCode, title: &str, text: &str) -> HttpResponse {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <body style=\"font-family: system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem\"><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .body(html)
}

/// The texts are our own: nothing of the request is on the page.
fn refusal_page(problem: &Problem) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(problem.status)
        .unwrap_or(actix_web::http::StatusCode::BAD_REQUEST);
    let says_nobody = problem
        .errors
        .iter()
        .any(|error| error.code == "no_identity");
    let text = if says_nobody {
        "Please go back and fill in your mail address or your phone number."
    } else {
        "Please go back and try again."
    };
    page(status, "This did not work", text)
}
