//! How somebody came: source, channel, campaign, page and message.

use super::Person;
use crate::seed::random::Random;
use crate::seed::texts;
use serde_json::{Map, Value};

impl Person {
    /// How the person came: source, channel, campaign, page and message.
    pub(super) fn add_visit(&self, body: &mut Map<String, Value>, random: &mut Random) {
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

/// An address reserved for documentation (RFC 5737, RFC 3849).
fn address(random: &mut Random) -> String {
    let network = random.word("192.0.2|198.51.100|203.0.113|2001:db8");
    if network.contains(':') {
        format!("{network}::{:x}", random.below(65_536))
    } else {
        format!("{network}.{}", 1 + random.below(254))
    }
}
