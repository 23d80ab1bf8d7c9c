//! Names of form fields: which field of a lead a website's form means.
//!
//! Forms are named by whoever built the page, in their language and style. What is
//! known becomes a lead's field, a consent or nothing; the rest is the visitor's own
//! answer and is kept under its own name.

use std::collections::HashMap;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The lead's fields, each with the other names it goes by, in the form that [`fold`] gives.
static FIELDS: &[(&str, &str)] = &[
    (
        "email",
        "e_mail mail email_address e_mail_address emailaddress contact_email business_email work_email user_email primary_email email_1 courriel adresse_email adresse_e_mail e_mail_adresse emailadresse correo correo_electronico indirizzo_email endereco_de_email e_mailadres epost e_post sahkoposti adres_email",
    ),
    (
        "phone",
        "tel telephone phone_number telephone_number phonenumber work_phone business_phone office_phone contact_number contact_phone telefon telefonnummer rufnummer telefono telefone telefoon telefoonnummer numero_de_telephone numer_telefonu puhelin телефон 電話番号",
    ),
    (
        "mobile_phone",
        "mobile mobile_number mobilephone cell cell_phone cellphone whatsapp whatsapp_number handy handynummer mobiltelefon mobil portable movil celular cellulare telemovel mobiel",
    ),
    (
        "first_name",
        "firstname fname first given_name forename vorname prenom nombre voornaam imie fornavn fornamn etunimi имя",
    ),
    (
        "last_name",
        "lastname lname last surname family_name familyname nachname familienname nom nom_de_famille apellido apellidos cognome sobrenome apelido achternaam nazwisko etternavn efternamn sukunimi фамилия",
    ),
    (
        "full_name",
        "name fullname contact_name your_full_name person_name customer_name ansprechpartner nom_complet nombre_completo nome_completo volledige_naam vollstandiger_name imie_i_nazwisko фио 氏名 お名前",
    ),
    (
        "company",
        "company_name companyname organization organisation organization_name organisation_name business_name employer firm firma firmenname unternehmen societe entreprise raison_sociale empresa compania azienda ragione_sociale bedrijf bedrijfsnaam nazwa_firmy foretag yritys компания 会社名",
    ),
    (
        "title",
        "job_title jobtitle position job_position job role job_role occupation berufsbezeichnung fonction poste cargo puesto ruolo functie stanowisko befattning 役職",
    ),
    (
        "website",
        "web_site website_url web url homepage site company_website webseite sitio_web sito_web site_web www",
    ),
    (
        "linkedin_url",
        "linkedin linkedin_profile linkedin_profile_url linked_in",
    ),
    (
        "street",
        "address street_address address_1 address1 address_line_1 address_line1 addressline1 strasse anschrift adresse rue direccion calle indirizzo endereco morada straat ulica",
    ),
    (
        "city",
        "town locality ort stadt wohnort ville ciudad localidad citta comune cidade plaats woonplaats miasto kaupunki город",
    ),
    (
        "region",
        "state province county state_province state_region bundesland provincia estado regione provincie wojewodztwo",
    ),
    (
        "postal_code",
        "zip zipcode zip_code zip_postal_code postcode post_code postalcode plz postleitzahl code_postal codigo_postal cap cep kod_pocztowy postnummer postinumero 郵便番号",
    ),
    (
        "country",
        "country_name country_region land pays pais paese nazione kraj maa страна",
    ),
    ("timezone", "time_zone tz zeitzone"),
    (
        "language",
        "lang locale preferred_language sprache langue idioma lingua taal jezyk",
    ),
    ("industry", "sector vertical branche secteur settore setor"),
    (
        "employee_count",
        "employees number_of_employees num_employees no_of_employees headcount mitarbeiterzahl nombre_d_employes numero_de_empleados",
    ),
    (
        "annual_revenue",
        "revenue annual_sales turnover umsatz jahresumsatz fatturato",
    ),
    (
        "currency",
        "currency_code currency_iso_code wahrung devise moneda",
    ),
    (
        "salutation",
        "honorific prefix anrede civilite tratamiento aanhef",
    ),
    (
        "message",
        "comments comment notes note inquiry enquiry question remarks details additional_information how_can_we_help nachricht bemerkung anmerkungen commentaire commentaires mensaje comentarios messaggio mensagem bericht opmerkingen wiadomosc meddelande сообщение お問い合わせ内容",
    ),
    ("tags", "tag labels"),
    ("source", ""),
    (
        "page_url",
        "page source_url form_url current_url url_page page_link",
    ),
    (
        "referrer",
        "referer referring_url referrer_url http_referrer http_referer",
    ),
    (
        "landing_page",
        "landing_page_url landing_url first_page entry_page",
    ),
    ("anonymous_id", "visitor_id ajs_anonymous_id"),
    (
        "submitted_at",
        "submission_date submitted_on date_submitted",
    ),
    ("test", "is_test test_lead"),
    ("utm_source", "utmsource"),
    ("utm_medium", "utmmedium"),
    ("utm_campaign", "utmcampaign"),
    ("utm_term", "utmterm utm_keyword"),
    ("utm_content", "utmcontent"),
    ("utm_id", "utm_campaign_id"),
    ("gclid", "google_click_id gcl_id"),
    ("gbraid", ""),
    ("wbraid", ""),
    ("dclid", ""),
    ("fbclid", "facebook_click_id"),
    ("msclkid", "microsoft_click_id bing_click_id"),
    ("ttclid", "tiktok_click_id"),
    ("twclid", "twitter_click_id"),
    ("li_fat_id", "linkedin_click_id"),
    ("yclid", "yandex_click_id"),
    ("epik", "pinterest_click_id"),
    ("sc_click_id", "sccid sc_cid snap_click_id"),
    ("rdt_cid", "reddit_click_id"),
    ("campaign_id", "campaignid"),
    ("adgroup_id", "ad_group_id adgroupid adset_id ad_set_id"),
    ("ad_id", "adid creative_id"),
    ("form_id", "formid"),
];

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

/// Fields that people do not see and programs fill in. `website`, `url` and `fax` are real fields.
const HONEYPOTS: [&str; 12] = [
    "_gotcha",
    "_honey",
    "_honeypot",
    "honeypot",
    "bot-field",
    "netlify-honeypot",
    "hp",
    "_hp",
    "hp_field",
    "form_honeypot",
    "ak_hp_textarea",
    "_wpcf7_ak_hp_textarea",
];

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

/// Boxes that hold the visitor's answers: in `contact[email]` the field is `email`.
const BOXES: [&str; 10] = [
    "contact",
    "lead",
    "fields",
    "form_fields",
    "data",
    "user",
    "person",
    "answers",
    "values",
    "customer",
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let names = |(field, others): &(&'static str, &'static str)| {
        let field = *field;
        others
            .split(' ')
            .filter(|other| !other.is_empty())
            .chain([field])
            .map(move |name| (name, field))
            .collect::<Vec<_>>()
    };
    FIELDS.iter().flat_map(names).collect()
});

/// The lead's field that a form's field means: `yourEmail`, `your-email` and `E-Mail-Adresse` are `email`.
pub fn canonical(key: &str) -> Option<&'static str> {
    let name = fold(key);
    let known = |name: &str| BY_NAME.get(name).copied();
    known(&name).or_else(|| known(name.strip_prefix("your_")?))
}

/// The box of what was said of budget, authority, need and timing, or of what else a framework asks.
pub const ANSWERS: &str = "answers";

/// What the form itself calls an answer: in `answers[budget]` and `answers.budget` the criterion is `budget`.
pub fn answered(key: &str) -> Option<&str> {
    let key = key.trim().trim_end_matches("[]");
    let inner = key.strip_prefix(ANSWERS)?;
    let boxed = || inner.strip_prefix('[')?.strip_suffix(']');
    inner.strip_prefix('.').or_else(boxed)
}

/// A name as criteria have them: `yourBudget` and `Budget` are `budget`.
pub fn plain(key: &str) -> String {
    let name = fold(key);
    match name.strip_prefix("your_") {
        Some(rest) => rest.to_owned(),
        None => name,
    }
}

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

/// Whether the field is a trap for programs that fill in everything.
pub fn is_honeypot(key: &str) -> bool {
    let key = key.trim().to_lowercase();
    HONEYPOTS.contains(&key.as_str()) || is_mailchimp_trap(&key)
}

/// Whether the field is neither about the lead nor an answer: never stored.
pub fn is_transport(key: &str) -> bool {
    let key = key.trim().to_lowercase();
    TRANSPORT.contains(&key.as_str()) || TRANSPORT_STARTS.iter().any(|start| key.starts_with(start))
}

/// `b_<account>_<list>`, both hexadecimal.
fn is_mailchimp_trap(key: &str) -> bool {
    let hexadecimal = |part: &str| part.len() >= 8 && part.bytes().all(|c| c.is_ascii_hexdigit());
    let parts = key.strip_prefix("b_").and_then(|rest| rest.split_once('_'));
    parts.is_some_and(|(account, list)| hexadecimal(account) && hexadecimal(list))
}

/// The name in snake case, without accents, `[]` and the box around it.
fn fold(key: &str) -> String {
    let key = unboxed(key.trim().trim_end_matches("[]"));
    let mut folded = String::with_capacity(key.len());
    let mut before = None;
    let mut letters = key.nfc().peekable();
    while let Some(c) = letters.next() {
        let after_small = before.is_some_and(|c: char| c.is_lowercase() || c.is_ascii_digit());
        let ends_capitals = before.is_some_and(char::is_uppercase)
            && letters.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || ends_capitals) {
            folded.push('_');
        }
        if c.is_alphanumeric() {
            folded.extend(c.to_lowercase());
        } else if !folded.is_empty() && !folded.ends_with('_') {
            folded.push('_');
        }
        before = Some(c);
    }
    without_accents(folded.trim_matches('_'))
}

/// `contact[email]` is `email`; other brackets stay, because `form[name]` is no person's name.
fn unboxed(key: &str) -> &str {
    match key.strip_suffix(']').and_then(|open| open.split_once('[')) {
        Some((outer, inner))
            if BOXES.contains(&outer.to_lowercase().as_str()) && !inner.contains('[') =>
        {
            inner
        }
        _ => key,
    }
}

/// Latin letters without accents; other scripts keep their marks, which are part of the letter.
fn without_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let plain = |c: char| match c {
        'ß' => "ss".to_owned(),
        'ø' => "o".to_owned(),
        'ł' => "l".to_owned(),
        c if ('\u{C0}'..='\u{24F}').contains(&c) => {
            c.nfd().filter(|c| !is_combining_mark(*c)).collect()
        }
        c => c.to_string(),
    };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_canonical_name_is_itself_and_no_name_means_two_fields() {
        let mut seen = HashMap::new();
        for (field, others) in FIELDS {
            assert_eq!(canonical(field), Some(*field));
            for name in others.split(' ').filter(|name| !name.is_empty()) {
                assert_eq!(fold(name), name, "{name} is not written as it is compared");
                assert_eq!(seen.insert(name, field), None, "{name} is there twice");
                assert!(
                    !FIELDS.iter().any(|(field, _)| *field == name),
                    "{name} is a field"
                );
                assert_eq!(consent(name), None, "{name}");
            }
        }
    }

    #[test]
    fn what_a_form_calls_an_answer_is_one() {
        for key in ["answers[budget]", "answers.budget", "answers[budget][]"] {
            assert_eq!(answered(key), Some("budget"), "{key}");
        }
        for key in ["answers", "answer[budget]", "budget", "answersbudget"] {
            assert_eq!(answered(key), None, "{key}");
        }
        assert_eq!(plain("yourBudget"), "budget");
    }

    #[test]
    fn styles_and_languages_of_forms_are_understood() {
        for (key, field) in [
            ("Email", "email"),
            ("E-Mail", "email"),
            ("your-email", "email"),
            ("yourEmail", "email"),
            ("contact[email]", "email"),
            ("form_fields[email]", "email"),
            ("EMAIL_ADDRESS", "email"),
            ("FirstName", "first_name"),
            ("first-name", "first_name"),
            ("Prénom", "first_name"),
            ("Vorname", "first_name"),
            ("apellido", "last_name"),
            ("name", "full_name"),
            ("Company Name", "company"),
            ("jobTitle", "title"),
            ("your-tel", "phone"),
            ("Telefón", "phone"),
            ("Straße", "street"),
            ("ZIP/Postal Code", "postal_code"),
            ("tags[]", "tags"),
            ("pageURL", "page_url"),
            ("Page URL", "page_url"),
            ("ScCid", "sc_click_id"),
            ("utmSource", "utm_source"),
            ("UTM_SOURCE", "utm_source"),
            ("linkedinURL", "linkedin_url"),
            ("телефон", "phone"),
            ("電話番号", "phone"),
        ] {
            assert_eq!(canonical(key), Some(field), "{key}");
        }
    }

    #[test]
    fn an_own_question_has_no_canonical_name() {
        for key in [
            "",
            "[]",
            "form[name]",
            "fields[name][id]",
            "interests[]",
            "your-subject",
            "company_size",
            "website_url_confirm",
            "lead_source",
            "🙂",
        ] {
            assert_eq!(canonical(key), None, "{key}");
        }
    }

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

    #[test]
    fn traps_are_told_from_real_fields() {
        for key in [
            "_gotcha",
            "_HONEY",
            "bot-field",
            "netlify-honeypot",
            "b_1234abcd5678_0f9e8d7c",
        ] {
            assert!(is_honeypot(key), "{key}");
        }
        for key in ["website", "url", "fax", "b_to_b", "phone", ""] {
            assert!(!is_honeypot(key), "{key}");
        }
    }

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
