//! Trusted devices (`spec/flow-login-registration.md` §4.8).

use std::time::Duration;

use hanko_credentials::{
    Factor, Proof,
    trusted_device::{self, StoredDevice, TrustedDevices},
};
use hanko_domain::UserId;
use hanko_model::spec::DeviceTrustPolicy;

use crate::{
    effect::Effect,
    engine::{Cx, Failure, TrustedDevice},
};

/// The proof that this device was trusted by the user before, if it was and the project honours that.
pub(crate) async fn recognise(cx: &Cx<'_>, user: UserId) -> Result<Option<Proof>, Failure> {
    if cx.settings().mfa.device_trust.policy == DeviceTrustPolicy::Never {
        return Ok(None);
    }
    let devices = present(cx);
    for hash in devices.hashes_for(user) {
        if let Some(row) = cx.store().trusted_device(&hash, cx.now).await? {
            let stored = StoredDevice { hash, user: row.user, expires_at: row.expires_at };
            let proof = devices.verify(&stored, cx.subject(user), cx.now);
            if proof.is_some() {
                return Ok(proof);
            }
        }
    }
    Ok(None)
}

/// Trusts the device from now on, where a second factor was shown in this run and the policy or the user says so (§7 Q29).
pub(crate) fn trust(cx: &mut Cx<'_>, user: UserId) {
    let settings = &cx.settings().mfa.device_trust;
    let wanted = match settings.policy {
        DeviceTrustPolicy::Always => true,
        DeviceTrustPolicy::Prompt => cx.stash.device_trusted,
        DeviceTrustPolicy::Never => false,
    };
    let shown = |proof: &Proof| proof.is_second_factor() && proof.factor() != Factor::TrustedDevice;
    if !wanted || !cx.stash.proofs.iter().any(shown) || settings.duration < Duration::from_secs(1) {
        return;
    }
    let (token, hash) = trusted_device::issue(&cx.inner().random);
    let (cookie, dropped) = present(cx).with(user, &token, settings.max_users_per_device);
    let (lifetime, expires_at) = (settings.duration, cx.now + settings.duration);
    cx.then(Effect::TrustDevice { user, hash, expires_at, dropped });
    cx.trusted_device = Some(TrustedDevice { cookie, lifetime });
}

fn present(cx: &Cx<'_>) -> TrustedDevices {
    cx.request.trusted_devices.as_ref().map(TrustedDevices::parse).unwrap_or_default()
}
