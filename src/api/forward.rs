//! Old ids lead on: a request that names a lead which became a part of another is sent there, on every method.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::Next;
use uuid::Uuid;

/// What an answer says of a lead that is elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The lead that was asked for.
    pub id: Uuid,
    /// The lead that it became a part of.
    pub into: Uuid,
}

/// Middleware: says where the same request finds the lead.
pub async fn forward(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(request).await?;
    let moved = response.response().extensions().get::<Moved>().copied();
    if let Some(moved) = moved {
        let uri = response.request().uri();
        let location = location(uri.path(), uri.query(), moved);
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
    }
    Ok(response)
}

/// The same path and query, with the other lead; the lead itself where the path does not name it.
fn location(path: &str, query: Option<&str>, moved: Moved) -> String {
    let is_moved = |segment: &str| Uuid::try_parse(segment).is_ok_and(|id| id == moved.id);
    if !path.split('/').any(is_moved) {
        return format!("/v1/leads/{}", moved.into);
    }
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| match is_moved(segment) {
            true => moved.into.to_string(),
            false => segment.to_owned(),
        })
        .collect();
    let path = segments.join("/");
    query.map_or(path.clone(), |query| format!("{path}?{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_is_made_of_the_other_lead() {
        let (id, into) = (Uuid::from_u128(0xabc), Uuid::from_u128(2));
        let moved = Moved { id, into };
        let old = id.to_string().to_uppercase();
        assert_eq!(
            location(&format!("/v1/leads/{old}/notes"), Some("limit=5"), moved),
            format!("/v1/leads/{into}/notes?limit=5")
        );
        assert_eq!(
            location("/v1/dedupe/check", None, moved),
            format!("/v1/leads/{into}")
        );
    }
}
