//! `/.well-known/jwks.json`: the public keys of access tokens.

use crate::api::bearer::own::KeySet;
use crate::api::problem::ApiError;
use crate::api::state::{AppState, key_ring};
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};

/// The public keys of access tokens (RFC 7517), for those who check them themselves.
#[utoipa::path(tag = "auth", responses((status = 200, description = "The keys", body = KeySet),
    (status = 503, description = "The database is away", body = crate::api::problem::Problem, content_type = "application/problem+json")))]
#[get("/.well-known/jwks.json")]
pub async fn get_jwks(state: web::Data<AppState>) -> Result<HttpResponse, ApiError> {
    let ring = key_ring(&state).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=10"))
        .json(ring.public()))
}
