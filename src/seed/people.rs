//! Makes people: the same ones from the same seed, any of them without those before.

mod contact;
mod visit;

use super::countries::{self, Country, scripts};
use super::random::Random;
use super::texts;
use chrono::{DateTime, Duration, Utc};
use contact::{capitals, mail_domain, mail_name, phone, slug};
use serde_json::{Map, Value, json};

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

fn before(today: DateTime<Utc>, seconds: u64) -> String {
    let seconds = Duration::seconds(seconds.cast_signed());
    (today - seconds).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests;
