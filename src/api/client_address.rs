//! Who is calling: the address of the client, as far as trusted proxies vouch for it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::HttpRequest;

/// The client's address. `trusted_hops` is the number of own proxies in front of Baton.
///
/// Each proxy adds the address it saw at the end of `X-Forwarded-For`, so with n trusted proxies
/// the n-th entry from the right is true and everything left of it is only claimed. With no
/// proxy, or an entry that is no address, it is the other end of the connection.
pub fn client_address(req: &HttpRequest, trusted_hops: usize) -> IpAddr {
    let peer = req
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    forwarded(req, trusted_hops).unwrap_or(peer).to_canonical()
}

fn forwarded(req: &HttpRequest, trusted_hops: usize) -> Option<IpAddr> {
    if trusted_hops == 0 {
        return None;
    }
    let values: Vec<&str> = req
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .collect();
    let entries: Vec<&str> = values.iter().flat_map(|value| value.split(',')).collect();
    // With fewer entries than proxies the first one was still written by one of them.
    let entry = entries.len().saturating_sub(trusted_hops);
    parse(entries.get(entry)?.trim())
}

/// An address, with or without a port and brackets.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| {
        entry
            .parse::<SocketAddr>()
            .ok()
            .map(|with_port| with_port.ip())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn address(forwarded: &[&str], trusted_hops: usize) -> String {
        let mut request = TestRequest::default().peer_addr("10.0.0.1:1234".parse().unwrap());
        for value in forwarded {
            request = request.append_header(("x-forwarded-for", *value));
        }
        client_address(&request.to_http_request(), trusted_hops).to_string()
    }

    #[test]
    fn without_a_trusted_proxy_the_header_means_nothing() {
        assert_eq!(address(&["1.2.3.4"], 0), "10.0.0.1");
    }

    #[test]
    fn what_the_client_claims_itself_is_not_believed() {
        assert_eq!(address(&["6.6.6.6, 1.2.3.4"], 1), "1.2.3.4");
        assert_eq!(address(&["6.6.6.6", "1.2.3.4, 10.0.0.2"], 2), "1.2.3.4");
    }

    #[test]
    fn an_entry_that_is_no_address_leaves_the_connection() {
        assert_eq!(address(&["unknown"], 1), "10.0.0.1");
        assert_eq!(address(&[], 1), "10.0.0.1");
        assert_eq!(address(&["1.2.3.4"], 2), "1.2.3.4");
    }

    #[test]
    fn ports_and_brackets_are_read() {
        assert_eq!(address(&["1.2.3.4:555"], 1), "1.2.3.4");
        assert_eq!(address(&["[2001:db8::1]:555"], 1), "2001:db8::1");
        assert_eq!(address(&["2001:db8::1"], 1), "2001:db8::1");
        assert_eq!(address(&["::ffff:1.2.3.4"], 1), "1.2.3.4");
    }
}
