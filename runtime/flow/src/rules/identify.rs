//! Who is meant, and how they go on (`spec/flow-login-registration.md` §3.2).

use hanko_domain::{EmailAddress, Passkey, UserId, Username};
use hanko_model::project::Settings;
use hanko_store::users::Account;

use crate::{
    engine::{Cx, Failure},
    rules::claim,
};

/// What is known of a user.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) user: UserId,
    /// Where codes go.
    pub(crate) email: Option<EmailAddress>,
    pub(crate) username: Option<Username>,
    pub(crate) has_email: bool,
    pub(crate) has_password: bool,
    pub(crate) has_otp: bool,
    pub(crate) has_security_key: bool,
    /// Those that can sign in here.
    pub(crate) passkeys: Vec<Passkey>,
}

impl Facts {
    /// The address and the facts of the account it names, see [`claim`].
    pub(crate) async fn of_email(cx: &Cx<'_>, typed: EmailAddress) -> Result<(EmailAddress, Option<Self>), Failure> {
        let found = claim::find(cx.store(), typed).await?;
        let address = found.address.clone();
        Ok((address, found.account().map(|account| Self::from_account(cx, account))))
    }

    /// Looks the owner of a username up.
    pub(crate) async fn of_username(cx: &Cx<'_>, username: &Username) -> Result<Option<Self>, Failure> {
        let stored = cx.store().username(username).await?;
        Self::of(cx, stored.map(|stored| stored.user)).await
    }

    /// What is known of a user by id.
    pub(crate) async fn of(cx: &Cx<'_>, user: Option<UserId>) -> Result<Option<Self>, Failure> {
        let account = cx.store().account(user.unwrap_or(UserId(uuid::Uuid::nil()))).await?;
        Ok(account.map(|account| Self::from_account(cx, account)))
    }

    pub(crate) fn from_account(cx: &Cx<'_>, account: Account) -> Self {
        let here = |passkey: &Passkey| passkey.rp_id == cx.settings().webauthn.relying_party_id;
        let relying_party = &cx.inner().relying_party;
        Self {
            user: account.user.id,
            email: claim::mailbox(&account),
            username: account.username.as_ref().and_then(|stored| Username::parse(&stored.username).ok()),
            has_email: !account.emails.is_empty(),
            has_password: account.password.is_some(),
            has_otp: account.otp.is_some(),
            has_security_key: account.passkeys.iter().any(|passkey| passkey.mfa_only && here(passkey)),
            passkeys: account.passkeys.into_iter().filter(|passkey| relying_party.can_sign_in_with(passkey)).collect(),
        }
    }

    /// Notes in the stash what later states ask for.
    pub(crate) fn note(&self, cx: &mut Cx<'_>) {
        cx.stash.user = Some(self.user);
        cx.stash.has_email = self.has_email;
        cx.stash.has_password = self.has_password;
        cx.stash.has_passkey = !self.passkeys.is_empty();
        cx.stash.has_username = self.username.is_some();
        cx.stash.has_otp = self.has_otp;
        cx.stash.has_security_key = self.has_security_key;
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

/// Unless the project shows only actual methods, everybody who named an address is offered the same. With it, an unknown address
/// behaves like one whose only method is mail (§7 Q10). `has_address`: a code can be mailed, because an address was typed or the
/// owner of the username has one.
pub(crate) fn destination(settings: &Settings, facts: Option<&Facts>, has_address: bool) -> Destination {
    let (mail, password) = (settings.email.use_for_authentication && has_address, settings.password.enabled);
    let passkey = settings.passkey.enabled && facts.is_some_and(|facts| !facts.passkeys.is_empty());
    if !settings.privacy.only_show_actual_login_methods {
        return match (mail, password) {
            (true, true) => Destination::Choose,
            (true, false) => Destination::Passcode,
            (false, true) => Destination::Password,
            // Only a username without an address comes here (§7 Q11).
            (false, false) if passkey => Destination::Passkey,
            (false, false) => Destination::DeadEnd,
        };
    }
    let Some(facts) = facts else {
        return if mail { Destination::Passcode } else { Destination::Password };
    };
    match (mail, password && facts.has_password, passkey) {
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
        Facts {
            user,
            email: None,
            username: None,
            has_email: true,
            has_password,
            has_otp: false,
            has_security_key: false,
            passkeys: vec![passkey; passkeys],
        }
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
                assert_eq!(destination(&settings, known.as_ref(), true), expected, "{configured}");
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
            assert_eq!(destination(&only(configured), known.as_ref(), true), expected, "{configured} {known:?}");
        }
    }

    #[test]
    fn a_username_without_an_address_gets_no_code() {
        for (configured, known, expected) in [
            ("{}", facts(false, 0), Destination::Password),
            ("{password: {enabled: false}}", facts(false, 0), Destination::DeadEnd),
            ("{password: {enabled: false}}", facts(false, 1), Destination::Passkey),
            ("{privacy: {onlyShowActualLoginMethods: true}}", facts(true, 0), Destination::Password),
            ("{privacy: {onlyShowActualLoginMethods: true}}", facts(true, 1), Destination::Choose),
        ] {
            assert_eq!(destination(&settings(configured), Some(&known), false), expected, "{configured} {known:?}");
        }
    }
}
