//! No tenant changes its relying party in passing: a passkey or security key works under the RP ID it was made for and no other
//! (WebAuthn L3 §4, `spec/decisions.md` 4).

use hanko_model::{project::Webauthn, render::ACKNOWLEDGE_RELYING_PARTY_ANNOTATION};
use hanko_store::TenantStore;

use super::{Failure, from_store};

/// Remembers the RP ID the tenant is about to be served under. Refused while credentials of the one before would stop working and
/// nobody has accepted that.
pub(super) async fn accept(store: &TenantStore, webauthn: &Webauthn) -> Result<(), Failure> {
    let failed = |error| from_store(&error);
    let wanted = &webauthn.relying_party_id;
    let before = store.relying_party().await.map_err(failed)?;
    match &before {
        Some(before) if before == wanted => return Ok(()),
        Some(before) if !webauthn.acknowledged => {
            let elsewhere = store.credentials_elsewhere(wanted).await.map_err(failed)?;
            if let Some(lost) = elsewhere.iter().find(|credentials| credentials.rp_id == *before) {
                return Err(Failure::Refused(format!(
                    "spec.settings.webauthn.relyingParty.id: `{wanted}` is not the relying party `{before}`, whose credentials would \
                     stop working (passkeys: {}, security keys: {}); write `{before}` to keep them, or accept it with the \
                     annotation `{ACKNOWLEDGE_RELYING_PARTY_ANNOTATION}: {wanted}`",
                    lost.passkeys, lost.security_keys
                )));
            }
        }
        _ => {}
    }
    let mut work = store.begin().await.map_err(failed)?;
    work.put_relying_party(wanted).await.map_err(failed)?;
    work.commit().await.map_err(failed)
}
