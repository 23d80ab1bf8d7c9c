//! What people of a country are called, where they live, how they are reached and for whom they work.
//!
//! Lists have `|` between their entries. An entry in another script has its Latin form behind `=`, for addresses of mail.
//! Telephone numbers are drawn from ranges that the country's numbering plan assigns; the mail addresses made of all this
//! lie under names reserved by RFC 2606, so that nobody gets mail.

mod africa;
mod americas;
mod asia;
mod europe;

/// A country.
#[derive(Debug)]
pub struct Country {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// Languages, BCP 47.
    pub languages: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
    /// How many units of the currency a euro is, about.
    pub per_euro: i64,
    /// Given names.
    pub given: &'static str,
    /// Family names.
    pub family: &'static str,
    /// Cities.
    pub cities: &'static [City],
    /// Streets with number, as patterns.
    pub streets: &'static str,
    /// Telephone numbers with their country code, as patterns.
    pub phones: &'static str,
    /// What is dialled before the number within the country; `None` where that is not always the same.
    pub trunk: Option<&'static str>,
    /// First words of companies.
    pub firms: &'static str,
    /// Second words, one for each of [`INDUSTRIES`].
    pub trades: &'static str,
    /// Legal forms.
    pub forms: &'static str,
    /// Job titles.
    pub titles: &'static str,
}

/// A city: name, region, pattern of its postal codes, time zone.
pub type City = (&'static str, &'static str, &'static str, &'static str);

/// Industries, in the order of [`Country::trades`].
pub const INDUSTRIES: [&str; 6] = [
    "Software",
    "Logistics",
    "Construction",
    "Retail",
    "Health care",
    "Energy",
];

/// Every country, and how many of a thousand people are from there.
pub const ALL: &[(&Country, u64)] = &[
    (&americas::US, 160),
    (&americas::CA, 40),
    (&americas::MX, 30),
    (&americas::BR, 50),
    (&americas::AR, 20),
    (&europe::GB, 80),
    (&europe::IE, 15),
    (&europe::DE, 100),
    (&europe::AT, 20),
    (&europe::CH, 25),
    (&europe::FR, 60),
    (&europe::ES, 40),
    (&europe::IT, 40),
    (&europe::NL, 30),
    (&europe::PL, 25),
    (&europe::SE, 20),
    (&europe::CZ, 15),
    (&europe::GR, 10),
    (&europe::UA, 15),
    (&europe::TR, 15),
    (&asia::JP, 40),
    (&asia::KR, 20),
    (&asia::CN, 30),
    (&asia::IN, 40),
    (&asia::SG, 10),
    (&asia::TH, 10),
    (&asia::IL, 10),
    (&asia::AE, 10),
    (&asia::AU, 25),
    (&africa::ZA, 10),
    (&africa::EG, 10),
    (&africa::NG, 10),
];

/// The country that holds the `share`th person of those that [`ALL`] counts.
pub fn at(mut share: u64) -> &'static Country {
    for (country, weight) in ALL {
        if share < *weight {
            return country;
        }
        share -= weight;
    }
    &americas::US
}

/// How many people [`ALL`] counts.
pub fn total() -> u64 {
    ALL.iter().map(|(_, weight)| weight).sum()
}

/// An entry's own script and its Latin form.
pub fn scripts(entry: &'static str) -> (&'static str, &'static str) {
    entry.split_once('=').unwrap_or((entry, entry))
}
