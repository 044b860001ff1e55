//! The client's address (`spec/storage.md` §14; only listed ranges are trusted, S21).

use std::net::IpAddr;

use hanko_model::{project, spec::IpExtractor};
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// A tenant's rule for finding it.
#[derive(Clone, Debug)]
pub(crate) struct ClientIp {
    extractor: IpExtractor,
    trusted: Vec<IpNet>,
}

impl ClientIp {
    pub(crate) fn new(rule: &project::ClientIp) -> Self {
        Self { extractor: rule.extractor, trusted: rule.trusted_proxies.clone() }
    }

    /// Whether headers from there are believed.
    pub(crate) fn trusts(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.trusted.iter().any(|range| range.contains(&ip))
    }

    /// The address behind a request that came from `peer`.
    pub(crate) fn of(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        match self.extractor {
            IpExtractor::XForwardedFor if self.trusts(peer) => self.forwarded_for(peer, headers),
            IpExtractor::XRealIp if self.trusts(peer) => {
                headers.get(X_REAL_IP).and_then(|value| parse(value.to_str().ok()?)).unwrap_or(peer)
            }
            _ => peer,
        }
    }

    /// From the right: what the nearest trusted proxy says of the one before it, and so on to the first stranger.
    fn forwarded_for(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer;
        let values: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
        for value in values.into_iter().rev() {
            let Ok(text) = value.to_str() else { return peer };
            for element in text.rsplit(',') {
                let Some(ip) = parse(element) else { return peer };
                nearest = ip;
                if !self.trusts(ip) {
                    return ip;
                }
            }
        }
        nearest
    }
}

fn parse(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let text = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    text.parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(extractor: IpExtractor, trusted: &[&str]) -> ClientIp {
        ClientIp { extractor, trusted: trusted.iter().map(|range| range.parse().unwrap()).collect() }
    }

    fn of(rule: &ClientIp, peer: &str, headers: &[(&'static str, &str)]) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
        rule.of(peer.parse().unwrap(), &headers).to_string()
    }

    const FORWARDED: &str = "x-forwarded-for";
    const REAL: &str = "x-real-ip";

    #[test]
    fn direct_ignores_headers_even_from_trusted_peers() {
        let rule = rule(IpExtractor::Direct, &["10.0.0.0/8"]);
        assert_eq!(of(&rule, "10.1.2.3", &[(FORWARDED, "192.0.2.1"), (REAL, "192.0.2.2")]), "10.1.2.3");
    }

    #[test]
    fn forwarded_for_is_walked_from_the_right_past_trusted_proxies() {
        let rule = rule(IpExtractor::XForwardedFor, &["10.0.0.0/8", "fd00::/8"]);
        for (peer, headers, expected) in [
            ("10.0.0.1", vec!["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", vec!["198.51.100.7, 192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", vec!["198.51.100.7, 192.0.2.1, 10.0.0.2"], "192.0.2.1"),
            ("10.0.0.1", vec!["198.51.100.7", "192.0.2.1 , 10.0.0.2"], "192.0.2.1"),
            ("::ffff:10.0.0.1", vec!["192.0.2.1"], "192.0.2.1"),
            ("10.0.0.1", vec!["[2001:db8::1]"], "2001:db8::1"),
            ("fd00::9", vec!["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", vec!["unknown, 10.0.0.2"], "10.0.0.1"),
            ("10.0.0.1", vec!["192.0.2.1:4711"], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
            ("192.0.2.9", vec!["198.51.100.7"], "192.0.2.9"),
            // S21: a private address is a stranger unless its range is listed.
            ("192.168.0.1", vec!["198.51.100.7"], "192.168.0.1"),
            ("10.0.0.1", vec!["198.51.100.7, 127.0.0.1"], "127.0.0.1"),
        ] {
            let headers: Vec<_> = headers.into_iter().map(|value| (FORWARDED, value)).collect();
            assert_eq!(of(&rule, peer, &headers), expected, "{peer} {headers:?}");
        }
    }

    #[test]
    fn real_ip_is_believed_from_trusted_peers_only() {
        let rule = rule(IpExtractor::XRealIp, &["10.0.0.0/8"]);
        assert_eq!(of(&rule, "10.0.0.1", &[(REAL, "192.0.2.1")]), "192.0.2.1");
        assert_eq!(of(&rule, "10.0.0.1", &[(REAL, "[2001:db8::1]")]), "2001:db8::1");
        assert_eq!(of(&rule, "10.0.0.1", &[(REAL, "nonsense"), (FORWARDED, "192.0.2.1")]), "10.0.0.1");
        assert_eq!(of(&rule, "192.0.2.9", &[(REAL, "198.51.100.7")]), "192.0.2.9");
    }
}
