//! What is known of the request behind a change: for audit rows, sessions, limits and the language of mails.

use std::net::IpAddr;

use crate::Secret;

/// The request's circumstances.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RequestMeta {
    /// The response's `X-Request-Id`.
    pub id: String,
    /// The client's address, after trusted proxies.
    pub ip: Option<IpAddr>,
    /// `User-Agent`, cut to 512 characters.
    pub user_agent: String,
    /// `X-Language` as sent; resolved when the mail is rendered.
    pub language: String,
    /// The value of the cookie that names the accounts this device is trusted by.
    pub trusted_devices: Option<Secret<String>>,
}

impl RequestMeta {
    /// The address as the key of a limit: IPv6 by /64, since a client owns that many (`spec/storage.md` §16).
    pub fn ip_key(&self) -> String {
        match self.ip {
            None => "unknown".to_owned(),
            Some(IpAddr::V4(v4)) => v4.to_string(),
            Some(IpAddr::V6(v6)) => match v6.to_ipv4_mapped() {
                Some(v4) => v4.to_string(),
                None => {
                    let [a, b, c, d, ..] = v6.segments();
                    format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
                }
            },
        }
    }
}
