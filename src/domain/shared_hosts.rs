//! Hosts at which many companies have a page: the host of such an address says nothing of the company.

/// Hosts, sorted. Where each customer has a name of its own before the host, as at `acme.wordpress.com`, that is theirs alone; so
/// only the host itself, and the forms of it for languages and telephones, are shared.
pub const SHARED_HOSTS: [&str; 35] = [
    "about.me",
    "behance.net",
    "bio.link",
    "bit.ly",
    "blogspot.com",
    "business.site",
    "calendly.com",
    "crunchbase.com",
    "de.linkedin.com",
    "facebook.com",
    "fb.com",
    "g.page",
    "github.com",
    "goo.gl",
    "google.com",
    "instagram.com",
    "linkedin.com",
    "linktr.ee",
    "m.facebook.com",
    "maps.google.com",
    "medium.com",
    "notion.site",
    "pinterest.com",
    "sites.google.com",
    "t.me",
    "tiktok.com",
    "twitter.com",
    "uk.linkedin.com",
    "wa.me",
    "wixsite.com",
    "wordpress.com",
    "x.com",
    "xing.com",
    "yelp.com",
    "youtube.com",
];

/// Whether many companies have a page at that host, which is in lower case and without `www.`.
pub fn is_shared(host: &str) -> bool {
    SHARED_HOSTS.binary_search(&host).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_at_a_shared_host_is_not_the_companys_own() {
        assert!(SHARED_HOSTS.is_sorted());
        for host in ["facebook.com", "sites.google.com", "linktr.ee"] {
            assert!(is_shared(host), "{host}");
        }
        for host in ["acme.example", "acme.wordpress.com", "acme.blogspot.com"] {
            assert!(!is_shared(host), "{host}");
        }
    }
}
