//! Two projects never serve one host: who serves it keeps it; between two that do not yet, the older one gets it.

use std::fmt;

use k8s_openapi::jiff::Timestamp;

/// What one project wants and has.
#[derive(Clone, Debug)]
pub(crate) struct Claimant {
    /// `<namespace>/<name>`.
    pub(crate) project: String,
    pub(crate) created: Option<Timestamp>,
    /// Hosts its manifest names.
    pub(crate) wants: Vec<String>,
    /// Hosts its running tenant has.
    pub(crate) serves: Vec<String>,
}

/// A host that another project has.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TakenHost {
    pub(crate) host: String,
    pub(crate) holder: String,
}

impl fmt::Display for TakenHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` belongs to the project {}; remove it here or there", self.host, self.holder)
    }
}

/// The hosts that `me` wants and cannot have.
pub(crate) fn taken(me: &Claimant, others: &[Claimant]) -> Vec<TakenHost> {
    let mut taken = Vec::new();
    for host in &me.wants {
        let mine = rank(me, host);
        let holder = others
            .iter()
            .filter(|other| other.wants.contains(host) || other.serves.contains(host))
            .filter(|other| rank(other, host) < mine)
            .min_by_key(|other| rank(other, host));
        if let Some(holder) = holder {
            taken.push(TakenHost { host: host.clone(), holder: holder.project.clone() });
        }
    }
    taken
}

fn rank<'a>(claimant: &'a Claimant, host: &String) -> (bool, Option<Timestamp>, &'a str) {
    (!claimant.serves.contains(host), claimant.created, &claimant.project)
}

/// A host name as it is compared; `None` for what no project can be given.
pub(crate) fn normal(host: &str) -> Option<String> {
    idna::domain_to_ascii(host).ok().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(name: &str, created: i64, wants: &[&str], serves: &[&str]) -> Claimant {
        let owned = |hosts: &[&str]| hosts.iter().map(|&host| host.to_owned()).collect();
        Claimant {
            project: name.to_owned(),
            created: Some(Timestamp::from_second(created).unwrap()),
            wants: owned(wants),
            serves: owned(serves),
        }
    }

    fn holders(me: &Claimant, others: &[Claimant]) -> Vec<String> {
        taken(me, others).into_iter().map(|taken| taken.holder).collect()
    }

    #[test]
    fn the_older_project_gets_a_host_that_nobody_serves() {
        let (old, new) = (project("ns/z", 1, &["a.test"], &[]), project("ns/a", 2, &["a.test", "b.test"], &[]));
        assert_eq!(holders(&new, std::slice::from_ref(&old)), ["ns/z"]);
        assert_eq!(holders(&old, &[new]), [""; 0]);
    }

    #[test]
    fn who_serves_a_host_keeps_it_even_from_an_older_project() {
        let (old, new) = (project("ns/a", 1, &["a.test"], &[]), project("ns/b", 2, &["a.test"], &["a.test"]));
        assert_eq!(holders(&old, std::slice::from_ref(&new)), ["ns/b"]);
        assert_eq!(holders(&new, &[old]), [""; 0]);
    }

    #[test]
    fn a_host_still_served_but_no_longer_wanted_is_taken() {
        let leaving = project("ns/b", 2, &["b.test"], &["a.test"]);
        assert_eq!(holders(&project("ns/a", 1, &["a.test"], &[]), &[leaving]), ["ns/b"]);
    }

    #[test]
    fn of_two_equally_old_ones_exactly_one_wins() {
        let (a, b) = (project("ns/a", 1, &["a.test"], &[]), project("ns/b", 1, &["a.test"], &[]));
        assert!(taken(&a, std::slice::from_ref(&b)).is_empty());
        assert_eq!(holders(&b, &[a]), ["ns/a"]);
    }

    #[test]
    fn hosts_are_compared_as_a_labels_in_lower_case() {
        assert_eq!(normal("Bücher.Test").as_deref(), Some("xn--bcher-kva.test"));
        assert_eq!(normal("AUTH.fern.test").as_deref(), Some("auth.fern.test"));
    }
}
