//! Tokens that carry a sign-in from one place to another: whoever comes back from somewhere else shows it once, within a minute
//! (`spec/sessions-and-public-rest.md` §13.14, `spec/flow-login-registration.md` §4.14).
//!
//! Only the hash is stored. That a token counts once is the store's work: whoever deletes its row has spent it, and a proof is
//! worth something only to the one that did.

use aws_lc_rs::digest;
use hanko_domain::{Random, Secret, Timestamp, UserId, secret::constant_time_eq};

use crate::{Evidence, Proof, Subject, base64url};

const BYTES: usize = 32;

/// SHA-256 of a token's text: what is stored and looked up.
pub type TokenHash = [u8; 32];

/// Draws a token, base64url with padding, and the hash to store.
pub fn issue(random: &Random) -> (Secret<String>, TokenHash) {
    let bytes = Secret::new(random.bytes::<BYTES>());
    let token = Secret::new(format!("{}=", base64url::encode(bytes.expose())));
    let hash = hash(&token);
    (token, hash)
}

/// What the row of a token is found by. Any text has a hash; one that [`issue`] has not made finds no row.
pub fn hash(token: &Secret<String>) -> TokenHash {
    let digest = digest::digest(&digest::SHA256, token.expose().as_bytes());
    digest.as_ref().try_into().unwrap_or_default()
}

/// A row of the database.
#[derive(Clone, Copy, Debug)]
pub struct StoredToken {
    /// What it was found by.
    pub hash: TokenHash,
    /// Whom it signs in.
    pub user: UserId,
    /// From this moment on it is worth nothing.
    pub expires_at: Timestamp,
}

impl StoredToken {
    /// `token` is the one of this row, which was found in the subject's tenant: it is its user who shows it, in the subject's
    /// run. `None` for another token, another user, or one that has expired.
    pub fn verify(&self, token: &Secret<String>, subject: Subject, now: Timestamp) -> Option<Proof> {
        let shown = constant_time_eq(&hash(token), &self.hash);
        let counts = shown && self.user == subject.user && now < self.expires_at;
        counts.then(|| Proof::of(subject, Evidence::OneTimeToken, now))
    }
}

#[cfg(test)]
mod tests {
    use hanko_domain::{FlowId, TenantId};

    use super::*;
    use crate::Factor;

    const NOW: Timestamp = Timestamp(1_719_826_800_000_000);

    fn shown() -> (Secret<String>, StoredToken, Subject) {
        let random = Random::system();
        let (token, hash) = issue(&random);
        let user = UserId::random(&random);
        let subject = Subject { tenant: TenantId::random(&random), user, flow: FlowId::random(&random) };
        (token, StoredToken { hash, user, expires_at: Timestamp(NOW.0 + 1) }, subject)
    }

    #[test]
    fn a_token_is_32_bytes_as_44_characters_and_is_known_by_its_hash() {
        let (token, stored, _) = shown();
        assert_eq!((token.expose().len(), base64url::decode(token.expose()).unwrap().len()), (44, 32));
        assert_eq!(digest::digest(&digest::SHA256, token.expose().as_bytes()).as_ref(), stored.hash);
        assert_ne!(shown().1.hash, stored.hash);
    }

    #[test]
    fn whoever_shows_the_token_is_its_user_in_that_run_until_it_expires() {
        let (token, stored, subject) = shown();
        let proof = stored.verify(&token, subject, NOW).unwrap();
        assert_eq!((proof.factor(), *proof.subject(), proof.at()), (Factor::OneTimeToken, subject, NOW));
        assert_eq!(stored.verify(&token, subject, stored.expires_at), None);
    }

    #[test]
    fn nothing_but_the_token_itself_counts_and_only_for_its_user() {
        let (token, stored, subject) = shown();
        let (other, ..) = shown();
        let hash_as_token = Secret::new(base64url::encode(&stored.hash));
        let unpadded = Secret::new(token.expose().trim_end_matches('=').to_owned());
        for wrong in [other, hash_as_token, unpadded, Secret::default()] {
            assert_eq!(stored.verify(&wrong, subject, NOW), None, "{}", wrong.expose());
        }
        let stranger = Subject { user: UserId::random(&Random::system()), ..subject };
        assert_eq!(stored.verify(&token, stranger, NOW), None);
        assert_eq!(StoredToken { hash: [0; 32], ..stored }.verify(&token, subject, NOW), None);
    }
}
