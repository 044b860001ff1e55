//! The claims of a session token, and the same as clients read them (`spec/sessions-and-public-rest.md` §3.2, §8.3).

use hanko_claims::{Evaluated, User};
use hanko_domain::{SessionId, Timestamp, UserId};
use hanko_model::project::Session;
use hanko_store::{emails::Email, users::Account};
use serde_json::{Map, Value, json};

use crate::tenant::Inner;

/// What a token says.
pub(crate) struct Claims<'a> {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) issued_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) email: Option<&'a Email>,
    pub(crate) username: Option<&'a str>,
    pub(crate) amr: Vec<String>,
    /// When its user last proved anything (OpenID Connect Core §2); nothing, if nobody did.
    pub(crate) auth_time: Option<Timestamp>,
    /// `aal2` when two factors were shown, or a passkey whose authenticator verified its user, else `aal1` (NIST SP 800-63B).
    pub(crate) acr: Option<&'static str>,
}

/// The claims of the tenant's own for this user (§4). What cannot be said of them is left out and told in the log.
pub(crate) fn custom(tenant: &Inner, account: &Account) -> Map<String, Value> {
    if tenant.project.settings.session.jwt_template.is_empty() {
        return Map::new();
    }
    let said = |text: &Option<String>| text.clone().unwrap_or_default();
    let read = |text: &Option<String>| text.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let Evaluated { claims, dropped } = tenant.claims.evaluate(&User {
        user_id: account.user.id.to_string(),
        email: account.primary_email().map(|email| hanko_claims::Email {
            address: email.address.clone(),
            is_primary: true,
            is_verified: email.verified,
        }),
        username: account.username.as_ref().map(|stored| stored.username.clone()).unwrap_or_default(),
        name: said(&account.user.profile.name),
        given_name: said(&account.user.profile.given_name),
        family_name: said(&account.user.profile.family_name),
        picture: said(&account.user.profile.picture),
        public_metadata: read(&account.metadata.public),
        unsafe_metadata: read(&account.metadata.unsafe_),
    });
    for (claim, reason) in dropped {
        tracing::warn!(tenant = %tenant.store.tenant(), user = %account.user.id, claim, reason, "a custom claim was left out");
    }
    claims
}

impl Claims<'_> {
    /// All claims; `claims` are those of the tenant's own, which never replace these.
    pub(crate) fn build(&self, settings: &Session, mut claims: Map<String, Value>) -> Map<String, Value> {
        if let Some(acr) = self.acr {
            claims.insert("acr".into(), acr.into());
        }
        if !self.amr.is_empty() {
            claims.insert("amr".into(), self.amr.clone().into());
        }
        claims.insert("aud".into(), settings.audience.clone().into());
        if let Some(time) = self.auth_time {
            claims.insert("auth_time".into(), time.seconds().into());
        }
        if let Some(email) = self.email {
            claims.insert(
                "email".into(),
                json!({"address": email.address, "is_primary": true, "is_verified": email.verified}),
            );
        }
        claims.insert("exp".into(), self.expires_at.seconds().into());
        claims.insert("iat".into(), self.issued_at.seconds().into());
        if let Some(issuer) = &settings.issuer {
            claims.insert("iss".into(), issuer.as_str().into());
        }
        claims.insert("session_id".into(), self.session.to_string().into());
        claims.insert("sub".into(), self.user.to_string().into());
        if let Some(username) = self.username {
            claims.insert("username".into(), username.into());
        }
        claims
    }
}

/// Token claims as `sessions/validate` and the flows show them: standard ones renamed, private ones beside them, where a
/// standard member always wins.
pub(crate) fn shown(claims: &Map<String, Value>) -> Map<String, Value> {
    let time = |name: &str| {
        claims.get(name).and_then(Value::as_i64).map(|s| Value::from(Timestamp::from_seconds(s).rfc3339()))
    };
    let standard = [
        ("subject", claims.get("sub").cloned()),
        ("issued_at", time("iat")),
        ("expiration", time("exp")),
        ("audience", claims.get("aud").cloned()),
        ("issuer", claims.get("iss").cloned()),
    ];
    let registered = ["sub", "iat", "exp", "aud", "iss", "nbf", "jti"];
    let private = claims.iter().filter(|(name, _)| !registered.contains(&name.as_str()));
    let mut view: Map<String, Value> = private.map(|(name, value)| (name.clone(), value.clone())).collect();
    for (name, value) in standard {
        if let Some(value) = value {
            view.insert(name.into(), value);
        }
    }
    view
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_shown_under_their_long_names_and_standard_ones_win() {
        let claims = json!({"sub": "u", "iat": 1_719_826_800, "exp": 1_719_870_000, "aud": ["a"], "jti": "x", "subject": "forged", "role": "r"});
        assert_eq!(
            Value::Object(shown(claims.as_object().unwrap())),
            json!({"subject": "u", "role": "r", "issued_at": "2024-07-01T09:40:00Z", "expiration": "2024-07-01T21:40:00Z", "audience": ["a"]})
        );
    }
}
