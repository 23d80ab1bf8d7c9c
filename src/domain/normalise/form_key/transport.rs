//! What moves a form, and says nothing of its sender.

/// Fields for the transport of a form: where to go next, who may send, what was solved.
const TRANSPORT: [&str; 61] = [
    "_next",
    "_redirect",
    "redirect",
    "redirect_url",
    "redirect_to",
    "return_url",
    "returl",
    "_after",
    "_subject",
    "_replyto",
    "_cc",
    "_template",
    "_captcha",
    "_autoresponse",
    "_blacklist",
    "_webhook",
    "_format",
    "_language",
    "_method",
    "_charset_",
    "_token",
    "_csrf",
    "_csrf_token",
    "csrf",
    "csrfmiddlewaretoken",
    "xsrf_token",
    "authenticity_token",
    "__requestverificationtoken",
    "utf8",
    "submit",
    "submitbutton",
    "commit",
    "button",
    "g-recaptcha-response",
    "recaptcha",
    "recaptcha_token",
    "captcha",
    "h-captcha-response",
    "cf-turnstile-response",
    "frc-captcha-solution",
    "frc-captcha-response",
    "mtcaptcha-verifiedtoken",
    "smart-token",
    "altcha",
    "form-name",
    "form_build_id",
    "form_token",
    "form_key",
    "oid",
    "orgid",
    "debug",
    "debugemail",
    "google_key",
    "lead_key",
    "access_key",
    "apikey",
    "api_key",
    "writekey",
    "__viewstate",
    "__eventvalidation",
    "__viewstategenerator",
];

/// Beginnings of names that belong to the transport.
const TRANSPORT_STARTS: [&str; 5] = ["_wpcf7", "_wpnonce", "_wp_http", "csrf", "captcha_"];

/// Whether the field is neither about the lead nor an answer: never stored.
pub fn is_transport(key: &str) -> bool {
    let key = key.trim().to_lowercase();
    TRANSPORT.contains(&key.as_str()) || TRANSPORT_STARTS.iter().any(|start| key.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::normalise::form_key::canonical;

    #[test]
    fn what_moves_the_form_is_not_an_answer() {
        for key in [
            "_next",
            "retURL",
            "g-recaptcha-response",
            "_wpcf7_unit_tag",
            "csrf_token",
            "authenticity_token",
            "utf8",
            "debugEmail",
        ] {
            assert!(is_transport(key), "{key}");
            assert_eq!(canonical(key), None, "{key}");
        }
        for key in ["email", "message", "subject", ""] {
            assert!(!is_transport(key), "{key}");
        }
    }
}
