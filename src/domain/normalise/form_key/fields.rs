//! A lead's fields by the names that forms give them, in many languages.

use super::fold::fold;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The lead's fields, each with the other names it goes by, in the form that [`fold`] gives.
pub(super) static FIELDS: &[(&str, &str)] = &[
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
