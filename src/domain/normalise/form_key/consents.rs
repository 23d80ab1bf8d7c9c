//! Boxes by which a visitor agrees to be contacted.

use super::fold::fold;

/// Fields by which a visitor agrees to be contacted: names, channel, purpose.
static CONSENTS: &[(&str, &str, &str)] = &[
    (
        "consent consent_marketing marketing_consent consent_email email_consent email_marketing_consent email_opt_in optin opt_in opt_ins marketing_opt_in marketing_optin marketing_permission accepts_marketing accept_marketing newsletter newsletter_opt_in newsletter_signup subscribe subscribe_newsletter subscribe_to_newsletter gdpr gdpr_consent dsgvo einwilligung werbeeinwilligung consentement consentimiento consenso toestemming zgoda",
        "email",
        "marketing",
    ),
    (
        "sms_consent consent_sms sms_opt_in sms_marketing_consent text_opt_in accepts_sms_marketing",
        "sms",
        "marketing",
    ),
    (
        "phone_consent consent_phone call_consent consent_call phone_opt_in call_opt_in",
        "phone",
        "marketing",
    ),
    (
        "whatsapp_consent consent_whatsapp whatsapp_opt_in",
        "whatsapp",
        "marketing",
    ),
];

/// What a visitor agrees to by a field: channel and purpose.
///
/// One box for everything counts for e-mail, the narrowest reading of it.
pub fn consent(key: &str) -> Option<(&'static str, &'static str)> {
    let name = fold(key);
    let known = CONSENTS
        .iter()
        .find(|(names, ..)| names.split(' ').any(|known| known == name))?;
    Some((known.1, known.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreeing_has_a_channel_and_a_purpose() {
        for key in [
            "consent_marketing",
            "marketing-consent",
            "newsletter",
            "emailOptIn",
            "gdpr_consent",
            "consent",
        ] {
            assert_eq!(consent(key), Some(("email", "marketing")), "{key}");
        }
        assert_eq!(consent("smsConsent"), Some(("sms", "marketing")));
        assert_eq!(consent("consent_date"), None);
    }
}
