//! Host names, and which domain a set of them shares.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

/// Normalises a host name to lower-case A-labels (RFC 5890).
pub(crate) fn host_name(text: &str) -> Result<String, String> {
    if text.contains("://") || text.contains('/') {
        return Err(format!("`{text}` is a URL; write the host name alone, without scheme and path"));
    }
    if text.contains('*') {
        return Err(format!("`{text}` is a wildcard; name every host"));
    }
    if is_address(text) {
        return Err(format!("`{text}` is an IP address; passkeys, cookies and certificates need a host name"));
    }
    if text.contains(':') {
        return Err(format!("`{text}` has a port; write the host name alone (a port belongs to `publicUrl`)"));
    }
    Uts46::new()
        .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, DnsLength::Verify)
        .map(|name| name.into_owned())
        .map_err(|_| {
            format!("`{text}` is not a DNS name; write labels of letters, digits and dashes, at most 63 characters each, joined by dots")
        })
}

/// Whether a URL parser takes the text as an IP address, odd forms included (`0x7f.1`, `[::1]`).
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
        || matches!(url::Host::parse(text), Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)))
}

/// Hosts whose traffic never leaves the machine, so that browsers trust them over http (Secure Contexts §3.1).
pub(crate) fn is_local(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host == "127.0.0.1" || host == "[::1]"
}

/// Whether `host` is `domain` or lies below it.
pub(crate) fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether nobody can own `domain`: it is an entry of the public suffix list, or a single label such as `localhost`.
pub(crate) fn is_public_suffix(domain: &str) -> bool {
    is_address(domain) || psl::domain_str(domain).is_none()
}

/// The longest domain that holds all the hosts and is not a public suffix.
pub(crate) fn common_domain<'a>(hosts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut hosts = hosts.into_iter();
    let mut domain = hosts.next()?;
    for host in hosts {
        while !is_within(host, domain) {
            (_, domain) = domain.split_once('.')?;
        }
    }
    (!is_public_suffix(domain)).then(|| domain.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_become_lower_case_a_labels() {
        for (text, name) in [
            ("Auth.Acme.Example", "auth.acme.example"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
            ("r3---sn.example", "r3---sn.example"),
            ("auth", "auth"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(host_name(text).as_deref(), Ok(name), "{text}");
        }
    }

    #[test]
    fn what_is_no_host_name_is_refused_with_the_reason() {
        let long = "a".repeat(64);
        for (text, part) in [
            ("", "not a DNS name"),
            ("a..b", "not a DNS name"),
            ("a.b.", "not a DNS name"),
            ("-a.b", "not a DNS name"),
            ("a_b.c", "not a DNS name"),
            ("a b.c", "not a DNS name"),
            (&*long, "not a DNS name"),
            ("https://a.b", "without scheme"),
            ("a.b/c", "without scheme and path"),
            ("a.b:8000", "has a port"),
            ("*.a.b", "wildcard"),
            ("127.0.0.1", "IP address"),
            ("0x7f.1", "IP address"),
            ("::1", "IP address"),
            ("[::1]", "IP address"),
        ] {
            let message = host_name(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn the_shared_domain_is_the_longest_one_somebody_can_own() {
        for (hosts, domain) in [
            (&["auth.acme.example", "app.acme.example"][..], Some("acme.example")),
            (&["auth.acme.example"], Some("auth.acme.example")),
            (&["auth.acme.localhost", "app.acme.localhost"], Some("acme.localhost")),
            (&["acme.localhost", "other.localhost"], None),
            (&["a.fern.co.uk", "b.fern.co.uk"], Some("fern.co.uk")),
            (&["fern.co.uk", "moor.co.uk"], None),
            (&["a.github.io", "b.github.io"], None),
            (&["fern.test", "moor.example"], None),
            (&["xfern.test", "fern.test"], None),
            (&["localhost"], None),
            (&[], None),
        ] {
            assert_eq!(common_domain(hosts.iter().copied()).as_deref(), domain, "{hosts:?}");
        }
    }
}
