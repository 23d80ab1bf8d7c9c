//! What a website's form sent, whatever way it sent it.

use crate::api::extract::is_too_deep;
use crate::api::problem::ApiError;
use crate::domain::capture::Consent;
use crate::domain::capture_draft::{CaptureDraft, MAX_CUSTOM, MAX_CUSTOM_NAME};
use crate::domain::lead_fields::{Field, FieldKind};
use crate::domain::normalise::attribution::Attribution;
use crate::domain::normalise::{form_key, text};
use crate::domain::qualification::Framework;
use crate::domain::rules::Rules;
use actix_multipart::Multipart;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::mime::Mime;
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value};

/// The media types a form may have.
pub const SUPPORTED: &[&str] = &[
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/json",
    "text/plain",
];

/// Hidden fields that say where a browser goes next.
const NEXT: [&str; 6] = ["_next", "_redirect", "_after", "retURL", "redirect", "next"];

/// Names and values, in their order; names may repeat.
#[derive(Debug, Default)]
pub struct FormBody(Vec<(String, Value)>);

impl FormBody {
    /// Reads a body.
    ///
    /// # Errors
    /// 400 when it is not what its media type says, 415 when that is none of [`SUPPORTED`].
    pub async fn read(content_type: &str, body: &Bytes) -> Result<FormBody, ApiError> {
        let mime: Option<Mime> = content_type.parse().ok();
        match mime.as_ref().map(Mime::essence_str) {
            Some("application/x-www-form-urlencoded") => Ok(FormBody(
                url::form_urlencoded::parse(body)
                    .map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
                    .collect(),
            )),
            Some("multipart/form-data") => read_multipart(content_type, body.clone()).await,
            // A beacon of a page sends JSON as plain text, since that needs no preflight.
            Some("application/json" | "text/plain") => read_json(body),
            _ => Err(ApiError::unsupported_media_type(
                &actix_web::http::Method::POST,
                SUPPORTED,
            )),
        }
    }

    /// Whether a program filled in what people cannot see.
    pub fn is_spam(&self) -> bool {
        self.0.iter().any(|(name, value)| {
            form_key::is_honeypot(name) && value.as_str().is_none_or(|text| !text.trim().is_empty())
        })
    }

    /// Where the browser wants to go next.
    pub fn next(&self) -> Option<&str> {
        let wanted = |name: &str| {
            self.0
                .iter()
                .find(|(given, _)| given == name)
                .and_then(|(_, value)| value.as_str())
        };
        NEXT.into_iter()
            .filter_map(wanted)
            .find(|address| !address.trim().is_empty())
    }

    /// The draft that it is. What has no place of its own is kept in `custom`, under its own name.
    /// The workspace's own fields come before other names of plain fields: `role` is a title unless there is a field `role`.
    /// `answers[budget]`, `answers.budget` and an object `answers` answer criteria of the framework, and so do plain names that
    /// nothing else has.
    pub fn into_draft(self, default_source: &str, rules: &Rules) -> CaptureDraft {
        let mut draft = CaptureDraft {
            channel: "web_form".to_owned(),
            ..CaptureDraft::default()
        };
        let mut attribution = Map::new();
        let framework = rules.playbook.framework.as_deref();
        for (name, value) in self.0 {
            if form_key::is_honeypot(&name)
                || form_key::is_transport(&name)
                || value.as_str().is_some_and(|text| text.trim().is_empty())
            {
                continue;
            }
            let own = custom_name(&name);
            let is_own = rules.field(&own).is_some_and(|field| !field.archived);
            let left = match framework {
                Some(framework) if !is_own => take_answers(&mut draft, framework, &name, value),
                _ => Some(value),
            };
            let Some(value) = left else {
                continue;
            };
            if is_own
                || !(take(&mut draft, &mut attribution, &name, &value)
                    || is_plain_answer(&mut draft, framework, &name, &value))
            {
                add_custom(&mut draft.custom, &own, value);
            }
        }
        for (text, longest) in [
            (&mut draft.full_name, 400),
            (&mut draft.source, 200),
            (&mut draft.anonymous_id, 255),
            (&mut draft.page_url, 4096),
            (&mut draft.referrer, 4096),
        ] {
            *text = text
                .take()
                .map(|text| text::truncate(&text, longest).to_owned());
        }
        draft.attribution =
            serde_json::from_value::<Attribution>(Value::Object(attribution)).unwrap_or_default();
        draft.source = draft.source.or_else(|| Some(default_source.to_owned()));
        draft
    }
}

/// Takes what the form itself calls answers; what of it is none, comes back.
fn take_answers(
    draft: &mut CaptureDraft,
    framework: &Framework,
    name: &str,
    value: Value,
) -> Option<Value> {
    if let Some(criterion) = form_key::answered(name) {
        return (!answer(draft, framework, criterion, &value)).then_some(value);
    }
    match value {
        Value::Object(mut answers) if name == form_key::ANSWERS => {
            answers.retain(|criterion, value| !answer(draft, framework, criterion, value));
            (!answers.is_empty()).then_some(Value::Object(answers))
        }
        other => Some(other),
    }
}

/// Whether a name that nothing else has is that of a criterion, which the value then answers.
fn is_plain_answer(
    draft: &mut CaptureDraft,
    framework: Option<&Framework>,
    name: &str,
    value: &Value,
) -> bool {
    framework.is_some_and(|framework| answer(draft, framework, &form_key::plain(name), value))
}

/// Takes an answer, once for each criterion; `false` for what can be none.
fn answer(draft: &mut CaptureDraft, framework: &Framework, criterion: &str, value: &Value) -> bool {
    let is_taken =
        !draft.answers.contains_key(criterion) && framework.can_be_answered(criterion, value);
    if is_taken {
        draft.answers.insert(criterion.to_owned(), value.clone());
    }
    is_taken
}

/// Puts a value where it belongs; `false` when it has no place.
fn take(
    draft: &mut CaptureDraft,
    attribution: &mut Map<String, Value>,
    name: &str,
    value: &Value,
) -> bool {
    if let Some((channel, purpose)) = form_key::consent(name) {
        return match truth(value) {
            Some(granted) => {
                draft.consents.push(Consent {
                    channel: channel.to_owned(),
                    purpose: purpose.to_owned(),
                    granted,
                    text: None,
                });
                true
            }
            None => false,
        };
    }
    let Some(canonical) = form_key::canonical(name) else {
        return false;
    };
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => String::new(),
    };
    if canonical == "tags" {
        let tags: Vec<String> = match value {
            Value::Array(items) => items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            _ => text.split(',').map(str::to_owned).collect(),
        };
        draft.tags.extend(tags);
        return true;
    }
    if text.is_empty() {
        return false;
    }
    if let Some(field) = Field::from_name(canonical) {
        let value = match field.kind() {
            FieldKind::Text => Value::String(text),
            FieldKind::Integer => match whole_number(&text) {
                Some(number) => number.into(),
                None => return false,
            },
        };
        return !draft.fields.has(field) && draft.fields.set(field, &value);
    }
    let slot = match canonical {
        "full_name" => &mut draft.full_name,
        "source" => &mut draft.source,
        "page_url" => &mut draft.page_url,
        "referrer" => &mut draft.referrer,
        "anonymous_id" => &mut draft.anonymous_id,
        "submitted_at" => {
            let at: Option<DateTime<Utc>> = DateTime::parse_from_rfc3339(&text)
                .ok()
                .map(|at| at.to_utc());
            draft.submitted_at = at;
            return at.is_some();
        }
        "test" => {
            draft.is_test = truth(value).unwrap_or(false);
            return true;
        }
        _ => {
            attribution.entry(canonical).or_insert(Value::String(text));
            return true;
        }
    };
    if slot.is_some() {
        return false;
    }
    *slot = Some(text);
    true
}

/// The name under which an answer is kept. Forms name fields by whole questions, or not at all.
fn custom_name(given: &str) -> String {
    let name = text::clean_line(given.trim_end_matches("[]"));
    match text::truncate(&name, MAX_CUSTOM_NAME).trim() {
        "" => "unnamed".to_owned(),
        name => name.to_owned(),
    }
}

/// A name that repeats has a list of values. What is beyond all bounds stays in the raw submission.
fn add_custom(custom: &mut Map<String, Value>, name: &str, value: Value) {
    let is_full = custom.len() >= MAX_CUSTOM - Field::ALL.len();
    match custom.get_mut(name) {
        None if is_full => {}
        None => {
            custom.insert(name.to_owned(), value);
        }
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// `on`, `yes`, `1` …; `None` for what is neither yes nor no.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim().to_lowercase().as_str() {
            "on" | "true" | "yes" | "y" | "1" | "checked" | "ja" | "oui" | "si" | "sí" => {
                Some(true)
            }
            "off" | "false" | "no" | "n" | "0" | "nein" | "non" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A whole number that is not below zero, with or without marks between thousands.
fn whole_number(text: &str) -> Option<i64> {
    let digits: String = text
        .trim()
        .chars()
        .filter(|letter| !matches!(letter, ',' | ' ' | '\u{a0}' | '\''))
        .collect();
    digits.parse().ok().filter(|number| *number >= 0)
}

fn read_json(body: &[u8]) -> Result<FormBody, ApiError> {
    if is_too_deep(body) {
        return Err(ApiError::malformed_json("the JSON is nested too deep"));
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(fields)) => Ok(FormBody(fields.into_iter().collect())),
        _ => Err(ApiError::malformed_json(
            "a form is a JSON object with a value for each field",
        )),
    }
}

/// The parts of RFC 7578. Of a file its name is kept; its bytes stay in the raw submission.
async fn read_multipart(content_type: &str, body: Bytes) -> Result<FormBody, ApiError> {
    let malformed = || ApiError::bad_request("the body is no multipart/form-data (RFC 7578)");
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_str(content_type).map_err(|_| malformed())?,
    );
    let mut parts = Multipart::new(&headers, stream::once(async { Ok(body) }).boxed_local());
    let mut fields = Vec::new();
    while let Some(mut part) = parts.try_next().await.map_err(|_| malformed())? {
        let disposition = part.content_disposition().cloned();
        let name = disposition
            .as_ref()
            .and_then(|disposition| disposition.get_name())
            .unwrap_or_default()
            .to_owned();
        let file = disposition
            .as_ref()
            .and_then(|disposition| disposition.get_filename())
            .map(str::to_owned);
        let mut bytes = Vec::new();
        while let Some(piece) = part.try_next().await.map_err(|_| malformed())? {
            bytes.extend_from_slice(&piece);
        }
        let value = file.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
        if !name.is_empty() {
            fields.push((name, Value::String(value)));
        }
    }
    Ok(FormBody(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn draft(content_type: &str, body: &str) -> CaptureDraft {
        FormBody::read(content_type, &Bytes::from(body.to_owned()))
            .await
            .unwrap()
            .into_draft("site", &Rules::default())
    }

    #[actix_web::test]
    async fn a_form_is_understood_in_each_way_of_sending() {
        let urlencoded = draft("application/x-www-form-urlencoded", "email=a%40example.com&employees=1%2C200&interests[]=a&interests[]=b&consent_marketing=on&_next=x").await;
        assert_eq!(urlencoded.fields.email.as_deref(), Some("a@example.com"));
        assert_eq!(
            urlencoded.custom["interests"],
            serde_json::json!(["a", "b"])
        );
        assert!(urlencoded.consents[0].granted && !urlencoded.custom.contains_key("_next"));
        let multipart = "--B\r\nContent-Disposition: form-data; name=\"first_name\"\r\n\r\nJosé\r\n--B\r\nContent-Disposition: form-data; name=\"cv\"; filename=\"cv.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--B--\r\n";
        let multipart = draft("multipart/form-data; boundary=B", multipart).await;
        assert_eq!(multipart.fields.first_name.as_deref(), Some("José"));
        assert_eq!(multipart.custom["cv"], "cv.pdf");
        let json = draft(
            "text/plain;charset=UTF-8",
            r#"{"email":"a@example.com","seats":12}"#,
        )
        .await;
        assert_eq!(
            (json.fields.email.as_deref(), &json.custom["seats"]),
            (Some("a@example.com"), &serde_json::json!(12))
        );
    }

    #[actix_web::test]
    async fn a_box_that_was_not_ticked_says_nothing() {
        assert!(
            draft("application/x-www-form-urlencoded", "email=a%40example.com")
                .await
                .consents
                .is_empty()
        );
        assert!(
            !draft("application/x-www-form-urlencoded", "newsletter=no")
                .await
                .consents[0]
                .granted
        );
    }
}
