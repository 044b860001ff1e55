//! What a key of the Admin API may do.

/// One right. A key has several.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ApiScope {
    /// Everything that changes nothing.
    Read,
    /// Users and whatever belongs to them.
    Users,
    /// The audit log, which nobody changes.
    Audit,
    /// Receivers of events and their deliveries.
    Webhooks,
    /// Everything, other keys included.
    All,
}

impl ApiScope {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Read, Self::Users, Self::Audit, Self::Webhooks, Self::All];

    /// As written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Users => "users",
            Self::Audit => "audit",
            Self::Webhooks => "webhooks",
            Self::All => "all",
        }
    }

    /// From its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }

    /// Whether it is enough for a call that belongs to `needed`; `reads`: a call that changes nothing.
    pub fn allows(self, needed: Self, reads: bool) -> bool {
        self == Self::All || self == needed || (self == Self::Read && reads && needed != Self::All)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_enough_for_its_own_calls_and_reading_for_every_call_that_changes_nothing() {
        for (scope, needed, reads, enough) in [
            (ApiScope::All, ApiScope::All, false, true),
            (ApiScope::All, ApiScope::Users, false, true),
            (ApiScope::Users, ApiScope::Users, false, true),
            (ApiScope::Users, ApiScope::Webhooks, true, false),
            (ApiScope::Read, ApiScope::Webhooks, true, true),
            (ApiScope::Read, ApiScope::Users, false, false),
            (ApiScope::Read, ApiScope::All, true, false),
            (ApiScope::Audit, ApiScope::Audit, true, true),
        ] {
            assert_eq!(scope.allows(needed, reads), enough, "{scope:?} {needed:?} {reads}");
        }
        assert!(ApiScope::ALL.into_iter().all(|scope| ApiScope::parse(scope.as_str()) == Some(scope)));
    }
}
