//! A draft: what a request says of a person, before and after it is put into normal form.

use crate::domain::identity::{Identity, IdentityKind};
use crate::domain::lead_fields::LeadFields;
use crate::domain::normalise::email::EmailAddress;
use crate::domain::normalise::{country, currency, locale, name, phone, text, web};
use crate::error::FieldError;

/// The plain fields of a person in normal form, and by what the person can be known again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NormalFields {
    /// The fields.
    pub fields: LeadFields,
    /// Host of the web address, without `www.`.
    pub website_domain: Option<String>,
    /// Mail address and phone numbers, most telling first.
    pub identities: Vec<Identity>,
}

/// Puts the plain fields into normal form.
///
/// Text is trimmed and in Unicode NFC; an empty text is no value. `region` (ISO 3166-1 alpha-2) is that of phone numbers
/// that do not say theirs, unless the person's own country is known. A full name fills the missing one of its parts.
///
/// # Errors
/// Every field whose value cannot be what the field is for, by its pointer.
pub fn normalise(
    draft: LeadFields,
    full_name: Option<&str>,
    region: Option<&str>,
) -> Result<NormalFields, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut fields = cleaned(draft);
    let full_name = full_name
        .map(text::clean_line)
        .filter(|name| !name.is_empty());
    if let Some(full_name) = full_name
        && fields.first_name.is_none()
        && fields.last_name.is_none()
    {
        (fields.first_name, fields.last_name) = name::split(&full_name);
    }
    if let Some(named) = fields.country.as_deref() {
        fields.country = country::alpha2(named)
            .map(str::to_owned)
            .or_else(|| fields.country.clone());
    }
    let mut identities = Vec::new();
    if let Some(given) = fields.email.take() {
        match EmailAddress::parse(&given) {
            Ok(address) => {
                identities.push(Identity::new(IdentityKind::Email, address.as_str()));
                fields.email = Some(address.as_str().to_owned());
            }
            Err(error) => errors.push(FieldError::new(
                "/email",
                "invalid_email",
                format!("not a mail address: {error}"),
            )),
        }
    }
    let own_region = fields
        .country
        .as_deref()
        .and_then(country::alpha2)
        .or(region);
    for (field, pointer) in [
        (&mut fields.phone, "/phone"),
        (&mut fields.mobile_phone, "/mobile_phone"),
    ] {
        let Some(given) = field.take() else { continue };
        let Some(number) = phone::parse(&given, own_region) else {
            errors.push(FieldError::new(
                pointer,
                "invalid_phone",
                "a phone number has digits in it",
            ));
            continue;
        };
        if pointer == "/phone" && fields.phone_extension.is_none() {
            fields.phone_extension.clone_from(&number.extension);
        }
        if let Some(e164) = &number.e164 {
            identities.push(Identity::new(IdentityKind::Phone, e164));
        }
        *field = Some(number.e164.unwrap_or(number.text));
    }
    let mut website_domain = None;
    if let Some(given) = fields.website.take() {
        website_domain = web::domain_of(&given);
        fields.website = web::website(&given);
        if fields.website.is_none() {
            errors.push(FieldError::new(
                "/website",
                "invalid_url",
                "not a web address: it begins with http://, https:// or a host name",
            ));
        }
    }
    check(
        &mut fields.timezone,
        "/timezone",
        "invalid_timezone",
        "not an IANA time zone, such as Europe/Berlin",
        locale::timezone,
        &mut errors,
    );
    check(
        &mut fields.language,
        "/language",
        "invalid_language",
        "not a BCP 47 language tag, such as en or pt-BR",
        locale::language,
        &mut errors,
    );
    let alphabetic = |code: &str| currency::currency(code).map(str::to_owned);
    check(
        &mut fields.currency,
        "/currency",
        "invalid_currency",
        "not an ISO 4217 code, such as EUR",
        alphabetic,
        &mut errors,
    );
    identities.dedup();
    if errors.is_empty() {
        Ok(NormalFields {
            fields,
            website_domain,
            identities,
        })
    } else {
        Err(errors)
    }
}

fn check(
    field: &mut Option<String>,
    pointer: &str,
    code: &'static str,
    detail: &str,
    normal: impl Fn(&str) -> Option<String>,
    errors: &mut Vec<FieldError>,
) {
    if let Some(given) = field.take() {
        *field = normal(&given);
        if field.is_none() {
            errors.push(FieldError::new(pointer, code, detail));
        }
    }
}

/// Every text cleaned; only `message` and `street` keep their line feeds.
fn cleaned(mut fields: LeadFields) -> LeadFields {
    let LeadFields {
        email,
        phone,
        phone_extension,
        mobile_phone,
        salutation,
        first_name,
        last_name,
        company,
        title,
        website,
        linkedin_url,
        street,
        city,
        region,
        postal_code,
        country,
        timezone,
        language,
        industry,
        employee_count: _,
        annual_revenue: _,
        currency,
        message,
    } = &mut fields;
    for line in [
        email,
        phone,
        phone_extension,
        mobile_phone,
        salutation,
        first_name,
        last_name,
        company,
        title,
        website,
        linkedin_url,
        city,
        region,
        postal_code,
        country,
        timezone,
        language,
        industry,
        currency,
    ] {
        *line = line
            .as_deref()
            .map(text::clean_line)
            .filter(|text| !text.is_empty());
    }
    for block in [street, message] {
        *block = block
            .as_deref()
            .map(text::clean)
            .filter(|text| !text.is_empty());
    }
    fields
}
