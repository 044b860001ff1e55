//! Second factors: whether one has to be shown, and whether one is asked for (`spec/flow-login-registration.md` §4.9, §4.10).

use hanko_credentials::{Evidence, Proof};
use hanko_domain::{CredentialId, Passkey};
use hanko_model::{
    project::{Mfa, Settings},
    spec::AuthenticatorAttachment,
};
use hanko_store::users::Account;

use crate::engine::{Cx, FlowError};

pub(crate) const CHOOSER: &str = "mfa_method_chooser";

/// Whether security keys can be made and asked for on this client.
pub(crate) fn security_keys_possible(cx: &Cx<'_>) -> bool {
    let platform_only = cx.settings().mfa.security_keys.authenticator_attachment == AuthenticatorAttachment::Platform;
    cx.stash.webauthn_available && (!platform_only || cx.stash.platform_authenticator_available)
}

/// What a login asks for before anything else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    Nothing,
    Totp,
    SecurityKey,
    /// The user has a security key only, and this client cannot use one.
    Impossible,
}

/// Which second factor a login asks for. A passkey is two factors when its authenticator has verified the user (§7 Q35), and a
/// trusted device stands for one.
pub(crate) fn asked(cx: &Cx<'_>) -> Asked {
    let mfa = &cx.settings().mfa;
    let stash = &cx.stash;
    if !mfa.enabled || stash.proofs.iter().any(|proof| is_two_factors(proof) || proof.is_second_factor()) {
        return Asked::Nothing;
    }
    let key = mfa.security_keys.enabled && stash.has_security_key;
    let totp = mfa.totp_enabled && stash.has_otp;
    match (key, totp, security_keys_possible(cx)) {
        (true, _, true) => Asked::SecurityKey,
        (true, false, false) => Asked::Impossible,
        (_, true, _) => Asked::Totp,
        (false, false, _) => Asked::Nothing,
    }
}

/// Possession of a key and verification of the user in one ceremony.
pub(crate) fn is_two_factors(proof: &Proof) -> bool {
    matches!(proof.evidence(), Evidence::Passkey { user_verified: true, .. })
}

/// Whether an account may only be signed in to with a second factor. The one door asks this; the states ask [`asked`]. What this run
/// has made could not be asked for when it began.
pub(crate) fn required(settings: &Settings, account: &Account, proofs: &[Proof]) -> bool {
    let Mfa { enabled, totp_enabled, security_keys, .. } = &settings.mfa;
    let made_totp = proofs.iter().any(|proof| matches!(proof.evidence(), Evidence::TotpCreated));
    let made_key = |id: &CredentialId| {
        let is = |proof: &Proof| matches!(proof.evidence(), Evidence::SecurityKeyCreated { credential, .. } if credential == id);
        proofs.iter().any(is)
    };
    let here = |rp_id: &str| rp_id == settings.webauthn.relying_party_id;
    let asked_for = |passkey: &Passkey| passkey.mfa_only && here(&passkey.rp_id) && !made_key(&passkey.id);
    *enabled
        && ((*totp_enabled && account.otp.is_some() && !made_totp)
            || (security_keys.enabled && account.passkeys.iter().any(asked_for)))
}

/// Schedules the set-up of a second factor before everything else, once the user can sign in with something it protects (§4.10).
pub(crate) fn offer(cx: &mut Cx<'_>) {
    if !is_offered(cx) {
        return;
    }
    let mfa = &cx.settings().mfa;
    let possible = mfa.totp_enabled || security_keys_possible(cx);
    if possible {
        cx.scheduled.push(CHOOSER);
    } else if !mfa.optional {
        // A second factor that must be made and cannot be made ends the run (§7 Q14c).
        cx.error = Some(FlowError::PlatformAuthenticatorRequired);
        cx.scheduled.push("error");
    }
}

fn is_offered(cx: &Cx<'_>) -> bool {
    let settings = cx.settings();
    let (mfa, stash) = (&settings.mfa, &cx.stash);
    let password_follows = cx.queue.iter().any(|state| state == "password_creation") || stash.recovery_pending;
    let acquired = if cx.registering() { mfa.acquire_on_registration } else { mfa.acquire_on_login };
    let protects = (settings.password.enabled && stash.has_password)
        || (settings.email.use_for_authentication && (stash.email.is_some() || stash.has_email));
    !cx.signed_in()
        && !password_follows
        && !cx.visited.iter().any(|state| state == CHOOSER)
        && mfa.enabled
        && (mfa.totp_enabled || mfa.security_keys.enabled)
        && acquired
        && !stash.has_otp
        && !stash.has_security_key
        && protects
}
