//! Attribution: which campaign, click and page a submission came from.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

use super::text;

const MAX_CHARACTERS: usize = 512;
const MAX_ADDRESS_CHARACTERS: usize = 2048;

/// Where a submission came from: campaign parameters, click ids, referrer and landing page.
///
/// What a form does not send is taken from the query of the page's address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Attribution {
    /// Who sent the visitor: `google`, `newsletter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub utm_source: Option<String>,
    /// The kind of channel: `cpc`, `email`, `paid-social`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub utm_medium: Option<String>,
    /// The campaign's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub utm_campaign: Option<String>,
    /// The keyword that was paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub utm_term: Option<String>,
    /// Which of several links or advertisements it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub utm_content: Option<String>,
    /// The campaign's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub utm_id: Option<String>,
    /// Google Ads click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub gclid: Option<String>,
    /// Google Ads click id of an app visit on iOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub gbraid: Option<String>,
    /// Google Ads click id of a web visit on iOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub wbraid: Option<String>,
    /// Google Display click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub dclid: Option<String>,
    /// Meta click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub fbclid: Option<String>,
    /// Microsoft Advertising click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub msclkid: Option<String>,
    /// TikTok click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub ttclid: Option<String>,
    /// X click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub twclid: Option<String>,
    /// LinkedIn click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub li_fat_id: Option<String>,
    /// Yandex click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub yclid: Option<String>,
    /// Pinterest click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub epik: Option<String>,
    /// Snap click id, `ScCid` in a page's address.
    #[serde(skip_serializing_if = "Option::is_none", alias = "ScCid")]
    #[schema(max_length = 512)]
    pub sc_click_id: Option<String>,
    /// Reddit click id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub rdt_cid: Option<String>,
    /// The advertiser's id of the campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub campaign_id: Option<String>,
    /// The advertiser's id of the ad group or ad set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub adgroup_id: Option<String>,
    /// The advertiser's id of the advertisement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub ad_id: Option<String>,
    /// Which form was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 512)]
    pub form_id: Option<String>,
    /// Address of the page that linked here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    pub referrer: Option<String>,
    /// Address of the first page of the visit; the form's page, if nobody knows better.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2048)]
    pub landing_page: Option<String>,
}

impl Attribution {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Attribution::default()
    }

    /// Fills what is missing, field by field, from the query of `page_url`, and brings
    /// every value into its normal form and length.
    #[must_use]
    pub fn complete(mut self, page_url: Option<&str>, referrer: Option<&str>) -> Attribution {
        self.referrer = self
            .referrer
            .filter(|given| !given.trim().is_empty())
            .or(referrer.map(str::to_owned));
        self.landing_page = self
            .landing_page
            .filter(|given| !given.trim().is_empty())
            .or(page_url.map(str::to_owned));
        for (_, field) in self.campaign_fields() {
            tidy(field, MAX_CHARACTERS);
        }
        for field in [
            &mut self.campaign_id,
            &mut self.adgroup_id,
            &mut self.ad_id,
            &mut self.form_id,
        ] {
            tidy(field, MAX_CHARACTERS);
        }
        for field in [&mut self.referrer, &mut self.landing_page] {
            tidy(field, MAX_ADDRESS_CHARACTERS);
        }
        for (key, value) in form_urlencoded::parse(query(page_url.unwrap_or_default()).as_bytes()) {
            let wanted = |name: &str| {
                name.eq_ignore_ascii_case(&key)
                    || (name == "sc_click_id" && key.eq_ignore_ascii_case("sccid"))
            };
            let missing = self
                .campaign_fields()
                .into_iter()
                .find(|(name, field)| wanted(name) && field.is_none());
            if let Some((_, field)) = missing {
                *field = Some(value.into_owned());
                tidy(field, MAX_CHARACTERS);
            }
        }
        self
    }

    /// The fields that a page's address may carry, by their names there.
    fn campaign_fields(&mut self) -> [(&'static str, &mut Option<String>); 19] {
        [
            ("utm_source", &mut self.utm_source),
            ("utm_medium", &mut self.utm_medium),
            ("utm_campaign", &mut self.utm_campaign),
            ("utm_term", &mut self.utm_term),
            ("utm_content", &mut self.utm_content),
            ("utm_id", &mut self.utm_id),
            ("gclid", &mut self.gclid),
            ("gbraid", &mut self.gbraid),
            ("wbraid", &mut self.wbraid),
            ("dclid", &mut self.dclid),
            ("fbclid", &mut self.fbclid),
            ("msclkid", &mut self.msclkid),
            ("ttclid", &mut self.ttclid),
            ("twclid", &mut self.twclid),
            ("li_fat_id", &mut self.li_fat_id),
            ("yclid", &mut self.yclid),
            ("epik", &mut self.epik),
            ("sc_click_id", &mut self.sc_click_id),
            ("rdt_cid", &mut self.rdt_cid),
        ]
    }
}

/// Cleans and cuts a value; an empty one is none.
fn tidy(field: &mut Option<String>, max: usize) {
    *field = field
        .take()
        .map(|value| text::truncate(&text::clean_line(&value), max).to_owned())
        .filter(|value| !value.is_empty());
}

/// The query of an address, which need not be a whole address.
fn query(address: &str) -> &str {
    let without_fragment = address.split('#').next().unwrap_or_default();
    without_fragment
        .split_once('?')
        .map_or("", |(_, query)| query)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "https://www.example.com/demo?utm_source=linkedin&utm_medium=paid%2Dsocial&li_fat_id=abc&ScCid=s1&x=1#utm_term=no";

    #[test]
    fn the_pages_address_fills_what_the_form_does_not_say() {
        let given = Attribution {
            utm_source: Some("newsletter".into()),
            ..Attribution::default()
        };
        let complete = given.complete(Some(PAGE), Some("https://www.example.org/"));
        assert_eq!(complete.utm_source.as_deref(), Some("newsletter"));
        assert_eq!(complete.utm_medium.as_deref(), Some("paid-social"));
        assert_eq!(complete.li_fat_id.as_deref(), Some("abc"));
        assert_eq!(complete.sc_click_id.as_deref(), Some("s1"));
        assert_eq!(complete.utm_term, None);
        assert_eq!(
            complete.referrer.as_deref(),
            Some("https://www.example.org/")
        );
        assert_eq!(complete.landing_page.as_deref(), Some(PAGE));
    }

    #[test]
    fn what_is_given_wins_and_an_empty_value_is_not_given() {
        let given = Attribution {
            landing_page: Some("/first".into()),
            referrer: Some(" ".into()),
            utm_medium: Some(String::new()),
            ..Attribution::default()
        };
        let complete = given.complete(
            Some("/pricing?UTM_Medium=email&utm_medium=second"),
            Some("https://a.example"),
        );
        assert_eq!(complete.landing_page.as_deref(), Some("/first"));
        assert_eq!(complete.referrer.as_deref(), Some("https://a.example"));
        assert_eq!(complete.utm_medium.as_deref(), Some("email"));
    }

    #[test]
    fn values_are_cleaned_and_cut() {
        let page = format!("/?utm_source=a%00b%0A&gclid={}", "é".repeat(600));
        let complete = Attribution::default().complete(Some(&page), None);
        assert_eq!(complete.utm_source.as_deref(), Some("ab"));
        assert_eq!(complete.gclid.map(|value| value.chars().count()), Some(512));
    }

    #[test]
    fn nothing_known_is_empty_and_an_empty_object() {
        let nothing = Attribution::default().complete(None, None);
        assert!(nothing.is_empty());
        assert_eq!(serde_json::to_string(&nothing).unwrap(), "{}");
        assert_eq!(
            serde_json::from_str::<Attribution>("{\"unknown\": 1}").unwrap(),
            nothing
        );
    }
}
