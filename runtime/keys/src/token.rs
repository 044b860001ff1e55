//! Tokens: signed with the active key, verified with the key their `kid` names, never with what their header asks for.

use hanko_domain::Timestamp;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde_json::{Map, Value};
use thiserror::Error;
use uuid::Uuid;

use crate::SigningKeys;

/// Why a token is not accepted. The wire never tells which.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum TokenError {
    /// No compact JWS, or without `kid`.
    #[error("malformed")]
    Malformed,
    /// No key of this name.
    #[error("signed with an unknown key")]
    UnknownKey,
    /// The signature is wrong, or of another algorithm.
    #[error("bad signature")]
    BadSignature,
    /// `exp` is missing or past.
    #[error("expired")]
    Expired,
    /// `iat` or `nbf` lies ahead.
    #[error("not valid yet")]
    NotYetValid,
    /// The claims could not be signed.
    #[error("cannot be signed")]
    NotSigned,
}

/// The claims of a token whose signature and times hold.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedToken {
    /// Everything it says.
    pub claims: Map<String, Value>,
    /// `exp`.
    pub expires_at: Timestamp,
}

impl VerifiedToken {
    /// A claim that is a UUID.
    pub fn uuid(&self, name: &str) -> Option<Uuid> {
        self.claims.get(name)?.as_str()?.parse().ok()
    }
}

impl SigningKeys {
    /// Signs claims with the active key. Takes about a millisecond with RSA-2048: not on an async thread.
    pub fn sign(&self, claims: &Map<String, Value>) -> Result<String, TokenError> {
        let key = self.active().ok_or(TokenError::NotSigned)?;
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.kid.to_string());
        encode(&header, claims, &key.encoding).map_err(|_| TokenError::NotSigned)
    }

    /// Checks signature, `exp`, `iat` and `nbf` to the second and without leeway (`spec/sessions-and-public-rest.md` §3.4),
    /// against the clock that is passed in.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<VerifiedToken, TokenError> {
        let token = token.trim();
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        let kid: Uuid = header.kid.as_deref().and_then(|kid| kid.parse().ok()).ok_or(TokenError::Malformed)?;
        let key = self.keys.iter().find(|key| key.kid == kid).ok_or(TokenError::UnknownKey)?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = decode::<Map<String, Value>>(token, &key.decoding, &validation)
            .map_err(|_| TokenError::BadSignature)?
            .claims;
        let seconds =
            |name: &str| claims.get(name).map(|value| value.as_i64().ok_or(TokenError::Malformed)).transpose();
        let expires = seconds("exp")?.ok_or(TokenError::Expired)?;
        if now.seconds() >= expires {
            return Err(TokenError::Expired);
        }
        for begins in ["iat", "nbf"] {
            if seconds(begins)?.is_some_and(|begins| begins > now.seconds()) {
                return Err(TokenError::NotYetValid);
            }
        }
        Ok(VerifiedToken { claims, expires_at: Timestamp::from_seconds(expires) })
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    use hanko_domain::{Clock, OtpSecretId, Random, TenantId, UserId};
    use hanko_store::{
        DatabaseUrl, PoolSize, Store, TenantStore,
        otp_secrets::OtpSecret,
        users::{Profile, User},
    };
    use serde_json::json;

    use super::*;
    use crate::{MasterKeys, Place, Sealer};

    struct Setup {
        _folder: tempfile::TempDir,
        store: TenantStore,
        sealer: Sealer,
        clock: Clock,
        random: Random,
    }

    async fn setup() -> Setup {
        let folder = tempfile::tempdir().unwrap();
        let random = Random::system();
        let clock = Clock::manual(Timestamp::from_seconds(1_000_000));
        let store = Store::open(&DatabaseUrl::Sqlite(folder.path().join("t.db")), PoolSize(2)).unwrap();
        store.migrate().await.unwrap();
        let tenant = store.tenant(TenantId::random(&random));
        tenant.register("default/t", clock.now()).await.unwrap();
        let (id, key) = MasterKeys::generate(&random);
        let master = MasterKeys::from_entries([(id, key.into_bytes())]).unwrap();
        let sealer = Sealer::new(&master, tenant.tenant()).unwrap();
        Setup { _folder: folder, store: tenant, sealer, clock, random }
    }

    async fn keys(setup: &Setup) -> SigningKeys {
        SigningKeys::load_or_create(&setup.store, &setup.sealer, 2048, false, &setup.clock, &setup.random)
            .await
            .unwrap()
    }

    fn claims(exp: i64) -> Map<String, Value> {
        json!({"sub": "s", "iat": 1_000_000, "exp": exp}).as_object().unwrap().clone()
    }

    #[tokio::test]
    async fn a_signed_token_verifies_until_the_second_it_expires() {
        let setup = setup().await;
        let keys = keys(&setup).await;
        let token = keys.sign(&claims(1_000_060)).unwrap();
        let verified = keys.verify(&format!(" {token}\n"), Timestamp::from_seconds(1_000_059)).unwrap();
        assert_eq!(verified.claims["sub"], "s");
        assert_eq!(keys.verify(&token, Timestamp::from_seconds(1_000_060)), Err(TokenError::Expired));
        assert_eq!(keys.verify(&token, Timestamp::from_seconds(999_999)), Err(TokenError::NotYetValid));
    }

    #[tokio::test]
    async fn the_key_is_made_once_and_found_again() {
        let setup = setup().await;
        let (first, second) = tokio::join!(keys(&setup), keys(&setup));
        assert_eq!(first.jwks(), second.jwks());
        let set: Value = serde_json::from_slice(&first.jwks()).unwrap();
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
        let key = set["keys"][0].as_object().unwrap();
        let mut members: Vec<_> = key.keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!((&key["alg"], &key["use"], &key["kty"]), (&json!("RS256"), &json!("sig"), &json!("RSA")));
    }

    #[tokio::test]
    async fn a_lost_master_key_stops_the_tenant_until_the_loss_is_accepted() {
        let mut setup = setup().await;
        let before = keys(&setup).await.jwks();
        let user = UserId::random(&setup.random);
        let id = OtpSecretId::random(&setup.random);
        let place = Place { table: "otp_secrets", row: id.as_bytes(), column: "sealed" };
        let sealed = setup.sealer.seal(&place, b"secret", &setup.random).unwrap();
        let created_at = setup.clock.now();
        let mut work = setup.store.begin().await.unwrap();
        let row = User {
            id: user,
            primary_email: None,
            created_at,
            updated_at: created_at,
            last_login_at: None,
            profile: Profile::default(),
        };
        work.insert_user(&row).await.unwrap();
        work.insert_otp_secret(&OtpSecret { id, user, sealed, last_step: None, created_at }).await.unwrap();
        work.commit().await.unwrap();
        let (_, content) = MasterKeys::generate(&setup.random);
        let master = MasterKeys::from_entries([("k2".to_owned(), content.into_bytes())]).unwrap();
        setup.sealer = Sealer::new(&master, setup.store.tenant()).unwrap();
        let load = async |accepted| {
            SigningKeys::load_or_create(&setup.store, &setup.sealer, 2048, accepted, &setup.clock, &setup.random).await
        };
        let refused = load(false).await.unwrap_err().to_string();
        assert!(refused.contains("k1"), "{refused}");
        assert!(setup.store.otp_secret(user).await.unwrap().is_some());
        let after = load(true).await.unwrap().jwks();
        assert_ne!(after, before);
        assert!(setup.store.otp_secret(user).await.unwrap().is_none(), "nobody could ever show a code of it");
        assert_eq!(load(true).await.unwrap().jwks(), after, "accepted once, made once");
        assert_eq!(load(false).await.unwrap().jwks(), after, "the acknowledgement may go");
    }

    #[tokio::test]
    async fn a_token_is_bound_to_its_key_and_algorithm() {
        let setup = setup().await;
        let keys = keys(&setup).await;
        let token = keys.sign(&claims(1_000_060)).unwrap();
        let now = setup.clock.now();
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let with_header =
            |header: Value| format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header.to_string()));
        let kid = &decode_header(&token).unwrap().kid;
        for (header, error) in [
            (json!({"alg": "none", "kid": kid, "typ": "JWT"}), TokenError::Malformed),
            (json!({"alg": "HS256", "kid": kid, "typ": "JWT"}), TokenError::BadSignature),
            (json!({"alg": "RS256", "typ": "JWT"}), TokenError::Malformed),
            (json!({"alg": "RS256", "kid": setup.random.uuid_v4(), "typ": "JWT"}), TokenError::UnknownKey),
        ] {
            assert_eq!(keys.verify(&with_header(header.clone()), now), Err(error), "{header}");
        }
        let forged = URL_SAFE_NO_PAD.encode(json!({"sub": "other", "iat": 1, "exp": 2_000_000}).to_string());
        assert_eq!(keys.verify(&format!("{header}.{forged}.{signature}"), now), Err(TokenError::BadSignature));
        assert_eq!(keys.verify("", now), Err(TokenError::Malformed));
    }
}
