//! The store on every database: SQLite always, PostgreSQL and MariaDB where `HANKO_TEST_POSTGRES_URL` and
//! `HANKO_TEST_MYSQL_URL` name a server (`e2e/databases.sh up`).

mod databases;
mod entities;
mod limits;
mod outbox;
mod plans;
mod profile;
mod races;
mod removal;
mod schema;
mod second_factors;

use hanko_domain::{EmailAddress, EmailId, Random, TenantId, Timestamp, UserId};

use crate::{TenantStore, users::User};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000);

/// A registered tenant on a migrated database.
async fn tenant(database: &databases::Database) -> TenantStore {
    let tenant = database.store.tenant(TenantId::random(&Random::system()));
    tenant.register("default/test", NOW).await.unwrap();
    tenant
}

/// A user with one address.
async fn user(tenant: &TenantStore, address: &str) -> UserId {
    let random = Random::system();
    let (user, email) = (UserId::random(&random), EmailId::random(&random));
    let mut work = tenant.begin().await.unwrap();
    work.insert_user(&User { id: user, primary_email: Some(email), created_at: NOW, updated_at: NOW }).await.unwrap();
    work.insert_email(email, user, &EmailAddress::parse(address).unwrap(), false, NOW).await.unwrap();
    work.commit().await.unwrap();
    user
}
