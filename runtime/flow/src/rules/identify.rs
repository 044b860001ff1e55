//! Who is meant, and how they go on (`spec/flow-login-registration.md` §3.2).

use hanko_domain::{EmailAddress, Passkey, UserId};
use hanko_model::project::Settings;

use crate::engine::{Cx, Failure};

/// What is known of a user.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) user: UserId,
    pub(crate) has_password: bool,
    /// Those that can sign in here.
    pub(crate) passkeys: Vec<Passkey>,
}

impl Facts {
    /// Looks the owner of an address up and notes in the stash what later states ask for. Known and unknown addresses read
    /// the same tables.
    pub(crate) async fn load(cx: &mut Cx<'_>, address: &EmailAddress) -> Result<Option<Self>, Failure> {
        let email = cx.store().email(address).await?;
        let user = email.as_ref().map(|email| email.user);
        let facts = Self::of(cx, user.unwrap_or(UserId(uuid::Uuid::nil()))).await?;
        cx.stash.user = user;
        if user.is_some() {
            facts.note(cx);
        }
        Ok(user.map(|_| facts))
    }

    /// What is known of a user by id.
    pub(crate) async fn of(cx: &Cx<'_>, user: UserId) -> Result<Self, Failure> {
        let relying_party = &cx.inner().relying_party;
        let password = cx.store().password_of(user).await?;
        let mut passkeys = cx.store().passkeys_of(user).await?;
        passkeys.retain(|passkey| relying_party.can_sign_in_with(passkey));
        Ok(Self { user, has_password: password.is_some(), passkeys })
    }

    /// Notes them in the stash.
    pub(crate) fn note(&self, cx: &mut Cx<'_>) {
        cx.stash.user = Some(self.user);
        cx.stash.has_email = true;
        cx.stash.has_password = self.has_password;
        cx.stash.has_passkey = !self.passkeys.is_empty();
    }
}

/// Where an identified user goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Destination {
    Choose,
    Password,
    Passcode,
    Passkey,
    DeadEnd,
}

/// Unless the project shows only actual methods, everybody is offered the same. With it, an unknown address behaves like one
/// whose only method is mail (§7 Q10).
pub(crate) fn destination(settings: &Settings, facts: Option<&Facts>) -> Destination {
    let (mail, password) = (settings.email.use_for_authentication, settings.password.enabled);
    if !settings.privacy.only_show_actual_login_methods {
        return match (mail, password) {
            (true, true) => Destination::Choose,
            (true, false) => Destination::Passcode,
            (false, true) => Destination::Password,
            (false, false) => Destination::DeadEnd,
        };
    }
    let Some(facts) = facts else {
        return if mail { Destination::Passcode } else { Destination::Password };
    };
    match (mail, password && facts.has_password, settings.passkey.enabled && !facts.passkeys.is_empty()) {
        (true, false, false) => Destination::Passcode,
        (false, true, false) => Destination::Password,
        (false, false, true) => Destination::Passkey,
        (false, false, false) => Destination::DeadEnd,
        _ => Destination::Choose,
    }
}

#[cfg(test)]
mod tests {
    use hanko_domain::{CredentialId, Timestamp};
    use hanko_model::{document::Unknown, resolve};

    use super::*;

    fn settings(extra: &str) -> Settings {
        let text = format!(
            "apiVersion: hanko-operator.dev/v1alpha1\nkind: HankoProject\nmetadata: {{name: t}}\nspec:\n  hosts: [auth.acme.test]\n  \
             mail: {{from: {{address: a@acme.test}}, smtp: {{host: mail.acme.test}}}}\n  settings: {extra}\n"
        );
        let parsed = hanko_model::document::parse(&text, Unknown::Refuse).unwrap();
        resolve(&parsed.documents[0]).unwrap().settings
    }

    fn facts(has_password: bool, passkeys: usize) -> Facts {
        let user = UserId(uuid::Uuid::nil());
        let passkey = Passkey {
            id: CredentialId(vec![1]),
            user,
            user_handle: vec![],
            public_key: vec![],
            counter: 0,
            user_verified: true,
            backup_eligible: false,
            backup_state: false,
            aaguid: uuid::Uuid::nil(),
            transports: vec![],
            rp_id: "acme.test".into(),
            attestation_format: "none".into(),
            mfa_only: false,
            name: None,
            created_at: Timestamp(0),
            last_used_at: None,
        };
        Facts { user, has_password, passkeys: vec![passkey; passkeys] }
    }

    #[test]
    fn everybody_goes_the_same_way_unless_only_actual_methods_are_shown() {
        for (configured, expected) in [
            ("{}", Destination::Choose),
            ("{password: {enabled: false}}", Destination::Passcode),
            ("{email: {useForAuthentication: false}}", Destination::Password),
        ] {
            let settings = settings(configured);
            for known in [None, Some(facts(false, 0)), Some(facts(true, 1))] {
                assert_eq!(destination(&settings, known.as_ref()), expected, "{configured}");
            }
        }
    }

    #[test]
    fn with_only_actual_methods_the_only_one_is_taken() {
        let only = |more: &str| settings(&format!("{{privacy: {{onlyShowActualLoginMethods: true}}{more}}}"));
        let mail_off = ", email: {useForAuthentication: false}";
        for (configured, known, expected) in [
            ("", Some(facts(false, 0)), Destination::Passcode),
            ("", Some(facts(true, 0)), Destination::Choose),
            ("", None, Destination::Passcode),
            (mail_off, Some(facts(true, 0)), Destination::Password),
            (mail_off, Some(facts(false, 1)), Destination::Passkey),
            (mail_off, Some(facts(true, 1)), Destination::Choose),
            (mail_off, Some(facts(false, 0)), Destination::DeadEnd),
            (mail_off, None, Destination::Password),
        ] {
            assert_eq!(destination(&only(configured), known.as_ref()), expected, "{configured} {known:?}");
        }
    }
}
