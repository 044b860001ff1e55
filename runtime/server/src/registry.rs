//! Which tenant a request means. An immutable snapshot that the supervisor replaces as a whole.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use crate::{config::Refused, served::Served};

/// What stands behind a host name.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// A tenant.
    Tenant(Arc<Served>),
    /// A tenant that waits for its database or keys.
    Starting,
    /// Nothing.
    Nothing,
}

/// A tenant that is not served yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Waiting {
    /// `<namespace>/<name>`.
    pub(crate) label: String,
    pub(crate) hosts: Vec<String>,
    /// What for; no secret in it.
    pub(crate) reason: String,
}

/// The tenants of the process, as they are now.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    tenants: Vec<Arc<Served>>,
    waiting: Vec<Waiting>,
    refused: Vec<Refused>,
    hosts: HashMap<String, Found>,
    /// With one tenant any host is answered: probes, Service names and port-forwards must work.
    sole: Option<Found>,
}

impl Registry {
    pub(crate) fn new(tenants: Vec<Arc<Served>>, waiting: Vec<Waiting>, refused: Vec<Refused>) -> Self {
        let mut hosts = HashMap::new();
        for waiting in &waiting {
            hosts.extend(waiting.hosts.iter().map(|host| (host.clone(), Found::Starting)));
        }
        for served in &tenants {
            let own = &served.configuration.project.hosts;
            hosts.extend(own.iter().map(|host| (host.clone(), Found::Tenant(served.clone()))));
        }
        let sole = match (tenants.as_slice(), waiting.as_slice()) {
            ([served], []) => Some(Found::Tenant(served.clone())),
            ([], [_]) => Some(Found::Starting),
            _ => None,
        };
        Self { tenants, waiting, refused, hosts, sole }
    }

    /// By host name, with or without a port, in any case.
    pub(crate) fn find(&self, host: &str) -> Found {
        if let Some(sole) = &self.sole {
            return sole.clone();
        }
        let name = name_of(host);
        match self.hosts.get(name) {
            Some(found) => found.clone(),
            None => self.hosts.get(&name.to_ascii_lowercase()).cloned().unwrap_or(Found::Nothing),
        }
    }

    /// What is served.
    pub(crate) fn tenants(&self) -> &[Arc<Served>] {
        &self.tenants
    }

    /// What is not served yet.
    pub(crate) fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// What was not accepted.
    pub(crate) fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Whether some tenant trusts this peer as its proxy.
    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.tenants.iter().any(|served| served.client_ip.trusts(peer))
    }
}

/// A host without its port and without the root's dot.
fn name_of(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(name: &str) -> Waiting {
        Waiting { label: name.into(), hosts: vec![format!("{name}.example")], reason: String::new() }
    }

    #[test]
    fn one_project_answers_every_host_and_several_only_their_own() {
        let one = Registry::new(vec![], vec![waiting("a")], vec![]);
        assert!(matches!(one.find("10.1.2.3:8000"), Found::Starting));
        assert!(matches!(one.find(""), Found::Starting));
        let two = Registry::new(vec![], vec![waiting("a"), waiting("b")], vec![]);
        for (host, known) in [
            ("a.example", true),
            ("B.Example:8000", true),
            ("a.example.", true),
            ("a.example.:443", true),
            ("c.example", false),
            ("a.example:evil", false),
            ("[::1]:8000", false),
            ("", false),
        ] {
            assert_eq!(matches!(two.find(host), Found::Starting), known, "{host}");
        }
        assert!(matches!(Registry::default().find("a.example"), Found::Nothing));
    }
}
