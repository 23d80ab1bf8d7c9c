//! Makes people: the same ones from the same seed, any of them without those before.

use super::countries::{self, Country, scripts};
use super::random::Random;
use super::texts;
use chrono::{DateTime, Duration, Utc};
use serde_json::{Map, Value, json};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Days over which submissions are spread.
const DAYS: u64 = 90;

/// Somebody who shows interest.
#[derive(Debug, Clone)]
pub struct Person {
    /// Where from.
    pub country: &'static Country,
    /// Mail address, as typed.
    pub email: Option<String>,
    /// Telephone number, as typed.
    pub phone: Option<String>,
    language: &'static str,
    given: &'static str,
    family: &'static str,
    seconds_ago: u64,
    number: u64,
    rest: Random,
}

impl Person {
    /// Person `number` of `seed`.
    pub fn make(seed: u64, number: u64) -> Person {
        let mut random = Random::of(seed, number);
        let country = countries::at(random.below(countries::total()));
        let (given, latin_given) = scripts(random.word(country.given));
        let (family, latin_family) = scripts(random.word(country.family));
        let language = random.word(country.languages);
        let reached_by = random.below(100);
        let local = mail_name(latin_given, latin_family, number, &mut random);
        let domain = mail_domain(country, &mut random);
        let typed = |address: String, as_is: bool| if as_is { address } else { capitals(&address) };
        let email = typed(format!("{local}@{domain}"), !random.in_thousand(50));
        let phone = phone(country, &mut random);
        Person {
            country,
            email: (reached_by >= 6).then_some(email),
            phone: (reached_by < 72).then_some(phone),
            language,
            given,
            family,
            seconds_ago: random.below(DAYS * 86_400),
            number,
            rest: random,
        }
    }

    /// The first submission, as a website would send it to `POST /v1/capture`; times count back from `today`.
    pub fn first_submission(&self, today: DateTime<Utc>) -> Value {
        let mut random = self.rest.clone();
        let mut body = self.contact();
        self.add_name(&mut body, &mut random);
        self.add_place(&mut body, &mut random);
        if random.in_thousand(800) {
            self.add_company(&mut body, &mut random);
        }
        self.add_visit(&mut body, &mut random);
        self.add_consents(&mut body, &mut random);
        add_extras(&mut body, &mut random, self.number);
        if random.in_thousand(5) {
            body.insert("test".into(), true.into());
        }
        body.insert(
            "submitted_at".into(),
            before(today, self.seconds_ago).into(),
        );
        Value::Object(body)
    }

    /// A later submission of the same person; `visit` tells one from another.
    pub fn later_submission(&self, visit: u64, today: DateTime<Utc>) -> Value {
        let mut random = Random::of(visit, self.number);
        let mut body = self.contact();
        self.add_visit(&mut body, &mut random);
        if random.in_thousand(200) {
            self.add_consents(&mut body, &mut random);
        }
        body.insert("tags".into(), json!(["came-back"]));
        let seconds_ago = random.below(self.seconds_ago.max(1));
        body.insert("submitted_at".into(), before(today, seconds_ago).into());
        Value::Object(body)
    }

    /// By what the person is known again.
    fn contact(&self) -> Map<String, Value> {
        let mut body = Map::new();
        if let Some(email) = &self.email {
            body.insert("email".into(), email.as_str().into());
        }
        if let Some(phone) = &self.phone {
            body.insert("phone".into(), phone.as_str().into());
        }
        body.insert("country".into(), self.country.code.into());
        body
    }

    fn add_name(&self, body: &mut Map<String, Value>, random: &mut Random) {
        // Where the family name comes first, nobody can split a name by its order.
        let in_one = random.in_thousand(120) && self.given.is_ascii() && self.family.is_ascii();
        if in_one {
            body.insert(
                "full_name".into(),
                format!("{} {}", self.given, self.family).into(),
            );
        } else {
            body.insert("first_name".into(), self.given.into());
            body.insert("last_name".into(), self.family.into());
        }
        body.insert("language".into(), self.language.into());
    }

    fn add_place(&self, body: &mut Map<String, Value>, random: &mut Random) {
        let (city, region, postal_code, timezone) = random.pick(self.country.cities);
        body.insert("city".into(), city.into());
        body.insert("timezone".into(), timezone.into());
        if !region.is_empty() {
            body.insert("region".into(), region.into());
        }
        if random.in_thousand(500) {
            let street = random.word(self.country.streets);
            body.insert("street".into(), random.fill(street).into());
            if !postal_code.is_empty() {
                body.insert("postal_code".into(), random.fill(postal_code).into());
            }
        }
    }

    fn add_company(&self, body: &mut Map<String, Value>, random: &mut Random) {
        let trade = random.below(countries::INDUSTRIES.len() as u64) as usize;
        let (firm, latin_firm) = scripts(random.word(self.country.firms));
        let kind = self.country.trades.split('|').nth(trade);
        let (kind, latin_kind) = scripts(kind.unwrap_or_default());
        let form = random.word(self.country.forms);
        body.insert("company".into(), format!("{firm} {kind} {form}").into());
        body.insert("title".into(), random.word(self.country.titles).into());
        body.insert("industry".into(), countries::INDUSTRIES[trade].into());
        // Sizes spread over orders of magnitude: one person to ten thousand.
        let magnitude = 10_i64.pow(random.below(5) as u32);
        let employees = magnitude + random.below(magnitude.unsigned_abs() * 9).cast_signed();
        body.insert("employee_count".into(), employees.into());
        if random.in_thousand(600) {
            let per_head = 40_000 + random.below(160_000).cast_signed();
            let revenue = employees * per_head * self.country.per_euro;
            body.insert("annual_revenue".into(), (revenue / 1000 * 1000).into());
            body.insert("currency".into(), self.country.currency.into());
        }
        if random.in_thousand(500) {
            let host = slug(&format!("{latin_firm}{latin_kind}"));
            body.insert(
                "website".into(),
                format!("https://www.{host}.example").into(),
            );
        }
    }

    /// How the person came: source, channel, campaign, page and message.
    fn add_visit(&self, body: &mut Map<String, Value>, random: &mut Random) {
        const WAYS: &[(&str, &str)] = &[
            ("pricing-page", "web_form"),
            ("contact-page", "web_form"),
            ("demo-request", "web_form"),
            ("whitepaper", "web_form"),
            ("newsletter-footer", "web_form"),
            ("spring-webinar", "webinar"),
            ("trade-fair", "event"),
            ("lead-ads", "ad_form"),
            ("partner-portal", "partner"),
            ("website-chat", "chat"),
            ("hotline", "phone"),
        ];
        let (source, channel) = random.pick(WAYS);
        body.insert("source".into(), source.into());
        body.insert("channel".into(), channel.into());
        let campaign = campaign(random);
        if channel == "web_form" {
            let query: Vec<String> = campaign
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let mark = if query.is_empty() { "" } else { "?" };
            let page = format!("https://www.example.com/{source}{mark}{}", query.join("&"));
            body.insert("page_url".into(), page.into());
            body.insert("ip".into(), address(random).into());
            body.insert("user_agent".into(), random.pick(BROWSERS).into());
            body.insert(
                "anonymous_id".into(),
                format!("v-{:016x}", random.next()).into(),
            );
            if random.in_thousand(600) {
                body.insert("referrer".into(), random.pick(REFERRERS).into());
            }
        } else if !campaign.is_empty() {
            let attribution: Map<String, Value> = campaign
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value.into()))
                .collect();
            body.insert("attribution".into(), attribution.into());
        }
        if random.in_thousand(550) {
            let message = random.pick(texts::messages(self.language));
            body.insert("message".into(), message.into());
        }
    }

    fn add_consents(&self, body: &mut Map<String, Value>, random: &mut Random) {
        let mut consents = Vec::new();
        if random.in_thousand(700) {
            let granted = random.in_thousand(650);
            let text = texts::consent(self.language);
            consents.push(json!({"channel": "email", "purpose": "marketing", "granted": granted, "text": text}));
        }
        if self.phone.is_some() && random.in_thousand(250) {
            let granted = random.in_thousand(500);
            consents.push(json!({"channel": "phone", "purpose": "sales", "granted": granted}));
        }
        if !consents.is_empty() {
            body.insert("consents".into(), consents.into());
        }
    }
}

const BROWSERS: &[&str] = &[
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:141.0) Gecko/20100101 Firefox/141.0",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
];

const REFERRERS: &[&str] = &[
    "https://search.example/",
    "https://news.example/best-of-the-year",
    "https://www.example.org/partners",
    "https://social.example/feed",
];

/// Campaign parameters and the click id that goes with them; none for a third of all visits.
fn campaign(random: &mut Random) -> Vec<(&'static str, String)> {
    const NETWORKS: &[(&str, &str, &str)] = &[
        ("google", "cpc", "gclid"),
        ("facebook", "paid-social", "fbclid"),
        ("linkedin", "paid-social", "li_fat_id"),
        ("bing", "cpc", "msclkid"),
        ("tiktok", "paid-social", "ttclid"),
        ("newsletter", "email", ""),
        ("partner", "referral", ""),
    ];
    const CAMPAIGNS: &[&str] = &[
        "spring-launch",
        "brand",
        "competitors",
        "remarketing",
        "black-week",
        "customer-stories",
    ];
    if random.in_thousand(350) {
        return Vec::new();
    }
    let (source, medium, click) = random.pick(NETWORKS);
    let mut found = vec![
        ("utm_source", source.to_owned()),
        ("utm_medium", medium.to_owned()),
        ("utm_campaign", random.pick(CAMPAIGNS).to_owned()),
    ];
    if random.in_thousand(300) {
        found.push((
            "utm_content",
            random.word("banner-a|banner-b|text-link|video").to_owned(),
        ));
    }
    if !click.is_empty() {
        found.push((
            click,
            format!("{:016x}{:016x}", random.next(), random.next()),
        ));
    }
    found
}

/// Labels, custom values, and ids in other systems.
fn add_extras(body: &mut Map<String, Value>, random: &mut Random, number: u64) {
    if random.in_thousand(400) {
        let mut custom = Map::new();
        custom.insert(
            "plan".into(),
            random.word("free|team|pro|enterprise").into(),
        );
        custom.insert("seats".into(), (1 + random.below(500)).into());
        if random.in_thousand(300) {
            custom.insert(
                "interests".into(),
                json!([
                    random.word("integration|reporting"),
                    random.word("price|support")
                ]),
            );
        }
        body.insert("custom".into(), custom.into());
    }
    if random.in_thousand(350) {
        body.insert(
            "tags".into(),
            json!([random.word("demo|trial|vip|reseller|student|press")]),
        );
    }
    if random.in_thousand(80) {
        body.insert(
            "external_ids".into(),
            json!({"hubspot": format!("{}", 100_000 + number)}),
        );
    }
}

/// The part before the `@`. The number in it keeps two of one name apart.
fn mail_name(given: &str, family: &str, number: u64, random: &mut Random) -> String {
    let (given, family) = (slug(given), slug(family));
    let initial = given.chars().next().unwrap_or('x');
    match random.below(4) {
        0 => format!("{initial}.{family}{number}"),
        1 => format!("{given}{number}"),
        2 => format!("{given}_{family}{number}"),
        _ => format!("{given}.{family}{number}"),
    }
}

/// A name reserved for examples (RFC 2606): a third have an address of their own, the others one at work.
fn mail_domain(country: &'static Country, random: &mut Random) -> String {
    if random.in_thousand(330) {
        return random
            .word("example.com|example.org|example.net")
            .to_owned();
    }
    let (_, firm) = scripts(random.word(country.firms));
    format!("{}.example", slug(firm))
}

/// Where another prefix than `00` is dialled before a country code.
const NOT_00: [&str; 9] = ["US", "CA", "BR", "JP", "KR", "SG", "TH", "NG", "AU"];

/// The number as people type it: with its country code, with `00`, or as it is dialled at home.
fn phone(country: &'static Country, random: &mut Random) -> String {
    let pattern = random.word(country.phones);
    let number = random.fill(pattern);
    match (random.below(10), country.trunk) {
        (0, _) if !NOT_00.contains(&country.code) => number.replacen('+', "00", 1),
        (1..=3, Some(trunk)) => {
            let at_home = number.split_once(' ').map_or("", |(_, rest)| rest);
            format!("{trunk}{at_home}")
        }
        (4 | 5, _) => number.replace([' ', '-', '.', '(', ')'], ""),
        _ => number,
    }
}

/// An address reserved for documentation (RFC 5737, RFC 3849).
fn address(random: &mut Random) -> String {
    let network = random.word("192.0.2|198.51.100|203.0.113|2001:db8");
    if network.contains(':') {
        format!("{network}::{:x}", random.below(65_536))
    } else {
        format!("{network}.{}", 1 + random.below(254))
    }
}

fn before(today: DateTime<Utc>, seconds: u64) -> String {
    let seconds = Duration::seconds(seconds.cast_signed());
    (today - seconds).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn capitals(address: &str) -> String {
    let mut letters = address.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .collect::<String>()
        .replace("@example", "@Example")
}

/// Letters and digits of ASCII only, as in host names.
fn slug(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.nfd().filter(|letter| !is_combining_mark(*letter)) {
        match letter {
            'ß' => plain.push_str("ss"),
            'ø' | 'Ø' => plain.push('o'),
            'ł' | 'Ł' => plain.push('l'),
            'ı' => plain.push('i'),
            letter if letter.is_ascii_alphanumeric() => plain.push(letter.to_ascii_lowercase()),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::normalise::email::EmailAddress;
    use crate::domain::normalise::{currency, locale, phone};
    use std::collections::HashSet;

    const MANY: u64 = 20_000;

    fn today() -> DateTime<Utc> {
        "2026-03-01T00:00:00Z".parse().unwrap()
    }

    fn many() -> impl Iterator<Item = Person> {
        (0..MANY).map(|number| Person::make(1, number))
    }

    #[test]
    fn the_same_seed_makes_the_same_people_and_another_seed_others() {
        let bodies =
            |seed| (0..200).map(move |number| Person::make(seed, number).first_submission(today()));
        assert!(bodies(7).eq(bodies(7)));
        assert!(
            bodies(7)
                .zip(bodies(8))
                .filter(|(one, other)| one == other)
                .count()
                == 0
        );
    }

    #[test]
    fn every_number_is_one_that_can_be_dialled_and_in_its_country() {
        let mut wrong = Vec::new();
        for person in many() {
            let (code, Some(number)) = (person.country.code, &person.phone) else {
                continue;
            };
            let parsed = phone::parse(number, Some(code)).unwrap();
            let at_home = parsed.country.is_none_or(|country| country == code);
            if parsed.e164.is_none() || !at_home {
                wrong.push(format!("{number} of {code}: {parsed:?}"));
            }
        }
        assert!(wrong.is_empty(), "{}: {wrong:#?}", wrong.len());
    }

    #[test]
    fn every_address_is_one_of_its_own_that_nobody_receives() {
        let mut seen = HashSet::new();
        for email in many().filter_map(|person| person.email) {
            let address = EmailAddress::parse(&email).unwrap();
            let host = address.as_str().split('@').nth(1).unwrap().to_owned();
            let reserved = ["example.com", "example.org", "example.net"].contains(&host.as_str());
            assert!(reserved || host.ends_with(".example"), "{email}");
            assert!(seen.insert(address.as_str().to_owned()), "{email} twice");
        }
    }

    #[test]
    fn people_are_of_many_countries_and_can_all_be_reached() {
        let countries: HashSet<_> = many().map(|person| person.country.code).collect();
        assert_eq!(countries.len(), countries::ALL.len());
        assert!(countries.len() >= 20);
        assert!(many().all(|person| person.email.is_some() || person.phone.is_some()));
    }

    #[test]
    fn zones_languages_and_currencies_are_known_and_lists_complete() {
        for (country, _) in countries::ALL {
            let code = country.code;
            assert_eq!(
                country.trades.split('|').count(),
                countries::INDUSTRIES.len(),
                "{code}"
            );
            assert!(currency::currency(country.currency).is_some(), "{code}");
            for language in country.languages.split('|') {
                assert!(locale::language(language).is_some(), "{language}");
            }
            for (city, _, _, zone) in country.cities {
                assert_eq!(locale::timezone(zone).as_deref(), Some(*zone), "{city}");
            }
            for list in [country.given, country.family, country.firms, country.trades] {
                for (own, latin) in list.split('|').map(scripts) {
                    assert!(
                        !own.is_empty() && !slug(latin).is_empty(),
                        "{own} of {code}"
                    );
                }
            }
        }
    }

    #[test]
    fn submissions_lie_in_the_ninety_days_before_and_a_return_after_the_first() {
        let at = |body: &Value| -> DateTime<Utc> {
            body["submitted_at"].as_str().unwrap().parse().unwrap()
        };
        for person in many().take(500) {
            let (first, later) = (
                person.first_submission(today()),
                person.later_submission(3, today()),
            );
            assert!(at(&first) <= at(&later) && at(&later) <= today());
            assert!(today() - at(&first) <= Duration::days(90));
            assert_eq!(
                (&first["email"], &first["phone"]),
                (&later["email"], &later["phone"])
            );
        }
    }
}
