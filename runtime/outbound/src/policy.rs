//! Which addresses a tenant may not choose (IANA's registries of special-purpose addresses, RFC 6890).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// What a project may reach beside the public internet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct OutboundPolicy {
    /// Networks that are let through although they are inner or special (`outbound.allowedNetworks`).
    pub allowed: Vec<IpNet>,
}

impl OutboundPolicy {
    /// Why an address is refused, in a word or two; `None` when it may be reached.
    pub fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        let address = address.to_canonical();
        let inside = embedded(address);
        let allowed = |address: IpAddr| self.allowed.iter().any(|network| network.contains(&address));
        if allowed(address) || inside.is_some_and(|inside| allowed(IpAddr::V4(inside))) {
            return None;
        }
        match (address, inside) {
            (IpAddr::V4(address), _) | (IpAddr::V6(_), Some(address)) => special_v4(address),
            (IpAddr::V6(address), None) => special_v6(address),
        }
    }
}

/// The IPv4 address to which a translator (RFC 6052) or relay (RFC 3056) brings what is sent to an IPv6 address.
fn embedded(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(address) = address else { return None };
    let bytes = u128::from(address);
    let low = |shift: u32| u32::try_from((bytes >> shift) & 0xffff_ffff).ok().map(Ipv4Addr::from);
    if bytes >> 32 == 0x0064_ff9b_0000_0000_0000_0000 {
        low(0)
    } else if bytes >> 112 == 0x2002 {
        low(80)
    } else {
        None
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "unspecified",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "private",
        (100, 64..=127, _) => "shared (carrier-grade NAT)",
        (127, ..) => "loopback",
        (169, 254, _) => "link-local",
        (192, 0, 0) | (192, 88, 99) | (198, 18..=19, _) => "reserved",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "documentation",
        (224..=239, ..) => "multicast",
        (240.., ..) => "reserved",
        _ => return None,
    })
}

/// Outside `2000::/3` nothing is given to the public.
fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, ..] = address.segments();
    Some(match (a, b) {
        _ if address.is_unspecified() => "unspecified",
        _ if address.is_loopback() => "loopback",
        (0xfc00..=0xfdff, _) => "unique-local",
        (0xfe80..=0xfebf, _) => "link-local",
        (0xff00.., _) => "multicast",
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => "documentation",
        // Teredo, benchmarking, ORCHID.
        (0x2001, 0..=0x01ff) => "reserved",
        (0x2000..=0x3fff, _) => return None,
        _ => "reserved",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(allowed: &[&str], address: &str) -> Option<&'static str> {
        let allowed = allowed.iter().map(|network| network.parse().unwrap()).collect();
        OutboundPolicy { allowed }.refusal(address.parse().unwrap())
    }

    #[test]
    fn an_inner_or_special_address_is_refused_in_every_form_it_has() {
        for (address, why) in [
            ("0.0.0.0", "unspecified"),
            ("0.1.2.3", "unspecified"),
            ("10.0.0.1", "private"),
            ("100.64.0.1", "shared (carrier-grade NAT)"),
            ("100.127.255.255", "shared (carrier-grade NAT)"),
            ("127.0.0.1", "loopback"),
            ("127.255.255.254", "loopback"),
            ("169.254.169.254", "link-local"),
            ("172.16.0.1", "private"),
            ("172.31.255.255", "private"),
            ("192.0.0.192", "reserved"),
            ("192.0.2.1", "documentation"),
            ("192.88.99.1", "reserved"),
            ("192.168.1.1", "private"),
            ("198.18.0.1", "reserved"),
            ("198.19.255.255", "reserved"),
            ("198.51.100.7", "documentation"),
            ("203.0.113.9", "documentation"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.1", "reserved"),
            ("255.255.255.255", "reserved"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::ffff:127.0.0.1", "loopback"),
            ("::ffff:10.0.0.1", "private"),
            ("::ffff:169.254.169.254", "link-local"),
            ("::ffff:0.0.0.0", "unspecified"),
            ("::7f00:1", "reserved"),
            ("64:ff9b::10.0.0.1", "private"),
            ("64:ff9b::169.254.169.254", "link-local"),
            ("64:ff9b:1::a00:1", "reserved"),
            ("100::1", "reserved"),
            ("2001::1", "reserved"),
            ("2001:2::1", "reserved"),
            ("2001:20::1", "reserved"),
            ("2001:db8::1", "documentation"),
            ("2002:7f00:1::1", "loopback"),
            ("2002:c0a8:101::1", "private"),
            ("3fff::1", "documentation"),
            ("3fff:fff::1", "documentation"),
            ("5f00::1", "reserved"),
            ("fc00::1", "unique-local"),
            ("fd00::1", "unique-local"),
            ("fd00:ec2::254", "unique-local"),
            ("fe80::1", "link-local"),
            ("febf::1", "link-local"),
            ("fec0::1", "reserved"),
            ("ff02::1", "multicast"),
        ] {
            assert_eq!(refusal(&[], address), Some(why), "{address}");
        }
    }

    #[test]
    fn a_public_address_is_reached() {
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.254",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2002:101:101::1",
            "2001:4860:4860::8888",
            "2606:4700:4700::1111",
            "2a00:1450::1",
            "3fff:1000::1",
        ] {
            assert_eq!(refusal(&[], address), None, "{address}");
        }
    }

    #[test]
    fn what_the_project_allows_is_reached_and_nothing_else() {
        let allowed = ["127.0.0.0/8", "10.1.0.0/16", "fd00:1::/32"];
        for address in ["127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "64:ff9b::10.1.2.3", "fd00:1::5"] {
            assert_eq!(refusal(&allowed, address), None, "{address}");
        }
        for address in ["10.2.0.1", "::1", "fd00:2::5", "169.254.169.254"] {
            assert!(refusal(&allowed, address).is_some(), "{address}");
        }
    }
}
