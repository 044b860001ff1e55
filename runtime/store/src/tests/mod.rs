//! The store on every database: SQLite always, PostgreSQL and MariaDB where `HANKO_TEST_POSTGRES_URL` and
//! `HANKO_TEST_MYSQL_URL` name a server (`e2e/databases.sh up`).

mod api_keys;
mod audit;
mod cancelled;
mod counts;
mod databases;
mod embedded;
mod entities;
mod import;
mod limits;
mod listing;
mod outbox;
mod plans;
mod profile;
mod races;
mod relying_parties;
mod removal;
mod schema;
mod second_factors;
mod webhooks;

use std::time::Duration;

use hanko_domain::{CredentialId, EmailAddress, EmailId, Passkey, Random, SessionId, TenantId, Timestamp, UserId};

use crate::{
    StoreError, TenantStore, Work,
    one_time_tokens::OneTimeToken,
    sessions::Session,
    users::{Profile, User},
};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// A registered tenant on a migrated database.
async fn tenant(database: &databases::Database) -> TenantStore {
    let tenant = database.store.tenant(TenantId::random(&Random::system()));
    tenant.register("default/test", NOW).await.unwrap();
    tenant
}

fn new_user(id: UserId, primary_email: Option<EmailId>) -> User {
    User { id, primary_email, created_at: NOW, updated_at: NOW, last_login_at: None, profile: Profile::default() }
}

/// A user with one address.
async fn user(tenant: &TenantStore, address: &str) -> UserId {
    let random = Random::system();
    let (user, email) = (UserId::random(&random), EmailId::random(&random));
    let mut work = tenant.begin().await.unwrap();
    work.insert_user(&new_user(user, Some(email))).await.unwrap();
    work.insert_email(email, user, &EmailAddress::parse(address).unwrap(), false, NOW).await.unwrap();
    work.commit().await.unwrap();
    user
}

fn passkey(user: UserId, id: Vec<u8>) -> Passkey {
    Passkey {
        id: CredentialId(id),
        user,
        user_handle: user.as_bytes().to_vec(),
        public_key: vec![1, 2, 3],
        counter: 7,
        user_verified: true,
        backup_eligible: false,
        backup_state: false,
        aaguid: Random::system().uuid_v4(),
        transports: vec!["internal".into(), "hybrid".into()],
        rp_id: "x.de".into(),
        attestation_format: "none".into(),
        mfa_only: false,
        name: None,
        created_at: NOW,
        last_used_at: Some(NOW),
    }
}

fn session(user: UserId, begun: u64) -> Session {
    let at = NOW + Duration::from_secs(begun);
    Session {
        id: SessionId::random(&Random::system()),
        user,
        user_agent: Some("agent".into()),
        ip_address: Some("192.0.2.1".into()),
        created_at: at,
        last_used: at,
        expires_at: at + Duration::from_secs(3600),
        ends_at: at + Duration::from_secs(7200),
    }
}

fn token(user: UserId, hash: [u8; 32]) -> OneTimeToken {
    OneTimeToken {
        hash,
        user,
        is_flow: true,
        link_user: false,
        verifier: Some("verifier".into()),
        created_at: NOW,
        expires_at: NOW + Duration::from_secs(60),
    }
}

impl TenantStore {
    /// Does one thing in a unit of work of its own.
    async fn once<T>(&self, body: impl AsyncFnOnce(&mut Work) -> Result<T, StoreError>) -> T {
        let mut work = self.begin().await.unwrap();
        let value = body(&mut work).await.unwrap();
        work.commit().await.unwrap();
        value
    }
}
