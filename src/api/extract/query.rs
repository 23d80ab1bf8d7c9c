//! Query strings.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::future::{Ready, ready};
use utoipa::ToSchema;

use super::rules;
use crate::api::problem::ApiError;
use crate::api::shape::{MAX_ERRORS, Shape, did_you_mean, shown_name};
use crate::error::FieldError;

/// A query string whose parameters are those of `T`'s schema, each at most once.
///
/// Lists are separated by commas: `?types=lead.created,lead.deleted`.
#[derive(Debug)]
pub struct ValidQuery<T>(pub T);

impl<T> FromRequest for ValidQuery<T>
where
    T: DeserializeOwned + ToSchema + 'static,
{
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            read_query(req.query_string())
                .map(ValidQuery)
                .map_err(ApiError::invalid),
        )
    }
}

fn read_query<T: DeserializeOwned + ToSchema + 'static>(query: &str) -> Result<T, Vec<FieldError>> {
    let shape = Shape::of::<T>();
    let (parameters, mut errors) = collect(query, shape);
    let parameters = Value::Object(parameters);
    // A parameter with an error of its own is not also missing.
    let known = shape.check(&parameters).into_iter().map(in_query);
    let fresh: Vec<FieldError> = known
        .filter(|new| !errors.iter().any(|old| old.pointer == new.pointer))
        .collect();
    errors.extend(fresh);
    if !errors.is_empty() {
        return Err(errors);
    }
    serde_path_to_error::deserialize(parameters).map_err(|error| {
        vec![in_query(rules::refused(
            &rules::pointer(error.path()),
            &error.inner().to_string(),
        ))]
    })
}

/// The parameters as JSON, and what is wrong with the query string itself.
fn collect(query: &str, shape: &Shape) -> (Map<String, Value>, Vec<FieldError>) {
    let mut parameters = Map::new();
    let mut errors: Vec<FieldError> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if errors.len() >= MAX_ERRORS {
            break;
        }
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name).unwrap_or_else(|| name.to_owned());
        let wrong =
            |code, detail: String| FieldError::new(format!("?{}", shown_name(&name)), code, detail);
        if !shape.field_names().any(|known| known == name) {
            let hint = did_you_mean(&name, shape.field_names());
            errors.push(wrong(
                "unknown_parameter",
                format!("unknown parameter `{}`{hint}", shown_name(&name)),
            ));
        } else if parameters.contains_key(&name) {
            errors.push(wrong(
                "repeated_parameter",
                format!("the parameter `{name}` may be given only once"),
            ));
        } else if let Some(text) = decoded(text).filter(|text| !text.contains('\0')) {
            parameters.insert(name.clone(), shape.read_text(&name, &text));
        } else {
            errors.push(wrong(
                "invalid_format",
                "must be percent-encoded UTF-8 without NUL".to_owned(),
            ));
        }
    }
    (parameters, errors)
}

/// All parameters of a query string, each as one that is not known.
pub(super) fn unknown(query: &str) -> Vec<FieldError> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let names = pairs.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let unknown = |name: &str| {
        let name = decoded(name).unwrap_or_else(|| name.to_owned());
        let detail = format!(
            "unknown parameter `{}`: this operation has none",
            shown_name(&name)
        );
        FieldError::new(
            format!("?{}", shown_name(&name)),
            "unknown_parameter",
            detail,
        )
    };
    names.take(MAX_ERRORS).map(unknown).collect()
}

/// None when it is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .ok()
        .map(|text| text.into_owned())
}

/// `/types/0` of the JSON is `?types` of the query.
fn in_query(error: FieldError) -> FieldError {
    let name = error
        .pointer
        .trim_start_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    FieldError {
        pointer: format!("?{name}"),
        ..error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize, ToSchema)]
    struct List {
        #[schema(minimum = 1, maximum = 500)]
        limit: Option<u32>,
        cursor: Option<String>,
        deleted: Option<bool>,
        types: Option<Vec<String>>,
        near: Option<f64>,
        order: Option<Order>,
    }

    #[derive(Debug, PartialEq, Deserialize, ToSchema)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        Newest,
        Oldest,
    }

    fn wrong(query: &str) -> Vec<String> {
        read_query::<List>(query)
            .unwrap_err()
            .into_iter()
            .map(|error| format!("{} {}", error.pointer, error.code))
            .collect()
    }

    #[test]
    fn text_becomes_what_the_schema_says() {
        let list: List =
            read_query("limit=20&cursor=a%2Bb+c&deleted=true&types=a,b&near=-1.5&order=newest")
                .unwrap();
        let types = Some(vec!["a".to_owned(), "b".to_owned()]);
        let expected = List {
            limit: Some(20),
            cursor: Some("a+b c".into()),
            deleted: Some(true),
            types,
            near: Some(-1.5),
            order: Some(Order::Newest),
        };
        assert_eq!(list, expected);
        assert_eq!(read_query::<List>("").unwrap().limit, None);
        assert_eq!(
            read_query::<List>("cursor=42").unwrap().cursor.as_deref(),
            Some("42")
        );
    }

    #[test]
    fn everything_wrong_is_reported_with_the_name_of_its_parameter() {
        assert_eq!(
            wrong("limt=5&limit=many&cursor=a&cursor=b&deleted=yes&order=best&near=NaN"),
            [
                "?limt unknown_parameter",
                "?cursor repeated_parameter",
                "?limit wrong_type",
                "?deleted wrong_type",
                "?order not_allowed",
                "?near wrong_type"
            ]
        );
        assert_eq!(wrong("limit=501"), ["?limit out_of_range"]);
        assert_eq!(wrong("limit="), ["?limit wrong_type"]);
    }

    #[test]
    fn an_unknown_parameter_is_told_the_nearest() {
        let errors = read_query::<List>("cursr=a").unwrap_err();
        assert_eq!(
            errors[0].detail,
            "unknown parameter `cursr`; did you mean `cursor`?"
        );
    }

    #[test]
    fn what_no_database_can_keep_is_refused() {
        assert_eq!(wrong("cursor=a%00b"), ["?cursor invalid_format"]);
        assert_eq!(wrong("cursor=%ff"), ["?cursor invalid_format"]);
        assert_eq!(wrong("%ff=1").len(), 1);
    }
}
