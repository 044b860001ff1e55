//! Ids for addresses that no account has, so that `POST /user` says the same of everybody.
//!
//! The ids of a stranger follow from the address and a key of the server, and carry a MAC in themselves: they are known again without
//! being stored, for ever, and behave like the ids of an account that has no password, no passkey and a mailbox. Which address they
//! belong to is remembered for a day, to mail to it that somebody tried to sign in. It is written down for known addresses as well,
//! so that both cost the same.

use std::time::Duration;

use aws_lc_rs::hmac;
use hanko_domain::{EmailAddress, EmailId, FlowId, UserId};
use serde::{Deserialize, Serialize};
use uuid::{Builder, Uuid};

use super::{
    call::{Call, Change},
    kept::{Kept, Spend, keep},
    refusal::Outcome,
};
use crate::tenant::Inner;

/// How long an address is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// Leading bytes of an id that follow from the address; the rest is a MAC over them.
const HEAD: usize = 9;

/// The address that was asked for.
#[derive(Deserialize, Serialize)]
pub(super) struct Asked {
    pub(super) address: EmailAddress,
}

impl Kept for Asked {
    const KIND: &'static str = "rest/asked";
}

/// The ids an address would have if no account had it.
pub(super) fn ids(inner: &Inner, address: &EmailAddress) -> (UserId, EmailId) {
    let tag = tag(inner, "user", address.key().as_bytes());
    let user = UserId(with_mac(inner, tag));
    (user, email_of(inner, user))
}

/// Whether the id was made here.
pub(super) fn is_one(inner: &Inner, user: UserId) -> bool {
    with_mac(inner, *user.as_bytes()) == user.0
}

/// The id of a stranger's address.
pub(super) fn email_of(inner: &Inner, user: UserId) -> EmailId {
    EmailId(Builder::from_random_bytes(tag(inner, "email", user.as_bytes())).into_uuid())
}

/// Remembers the address behind its ids.
pub(super) async fn remember(call: Call<'_>, user: UserId, address: EmailAddress) -> Outcome<()> {
    let id = FlowId(user.0);
    let mut spend = Vec::new();
    if let Some(row) = call.inner().store.flow(id).await? {
        if call.now < row.expires_at {
            return Ok(());
        }
        spend.push(Spend::Delete(id, row.version));
    }
    spend.push(keep(call, id, &Asked { address }, call.now + REMEMBERED)?);
    // Somebody who asks at the same time writes the same.
    call.commit(Change { spend, ..Change::default() }).await.map(drop)
}

/// A UUID v4 of the head of `bytes` and a MAC over it.
fn with_mac(inner: &Inner, bytes: [u8; 16]) -> Uuid {
    let mut bytes = *Builder::from_random_bytes(bytes).into_uuid().as_bytes();
    let (head, rest) = bytes.split_at_mut(HEAD);
    let mac = tag(inner, "mac", head);
    rest.copy_from_slice(mac.get(..rest.len()).unwrap_or_default());
    Uuid::from_bytes(bytes)
}

fn tag(inner: &Inner, purpose: &str, of: &[u8]) -> [u8; 16] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, inner.flow_key.expose());
    let tag = hmac::sign(&key, &[b"rest-", purpose.as_bytes(), b"/", of].concat());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(tag.as_ref().get(..16).unwrap_or(&[0; 16]));
    bytes
}
