//! Usernames, TOTP secrets and trusted devices, on every database.

use std::time::Duration;

use hanko_domain::{OtpSecretId, PasswordId, Random, Secret, UserId, Username, UsernameId};

use super::{NOW, databases::migrated, tenant, user};
use crate::{
    StoreError, TenantStore, Unique,
    otp_secrets::{OtpInfo, OtpSecret},
    passwords::PasswordInfo,
    trusted_devices::TrustedDevice,
    usernames::StoredUsername,
};

impl TenantStore {
    pub(super) async fn name(&self, user: UserId, username: &str) -> Result<UsernameId, StoreError> {
        let id = UsernameId::random(&Random::system());
        let mut work = self.begin().await?;
        work.insert_username(id, user, &Username::parse(username).unwrap(), NOW).await?;
        work.commit().await?;
        Ok(id)
    }

    pub(super) async fn enrol(&self, user: UserId) -> Result<OtpSecret, StoreError> {
        let id = OtpSecretId::random(&Random::system());
        let secret = OtpSecret { id, user, sealed: "v1.sealed".into(), last_step: None, created_at: NOW };
        let mut work = self.begin().await?;
        work.insert_otp_secret(&secret).await?;
        work.commit().await?;
        Ok(secret)
    }
}

#[tokio::test]
async fn a_username_belongs_to_one_user_of_a_tenant_whatever_its_case() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (user(&one, "jane@x.de").await, user(&one, "joe@x.de").await);
        let id = one.name(jane, "Jane_1").await.unwrap();
        let found = one.username(&Username::parse("JANE_1").unwrap()).await.unwrap();
        let stored = StoredUsername { id, user: jane, username: "jane_1".into(), created_at: NOW, updated_at: NOW };
        assert_eq!(found, Some(stored), "{}", database.name);
        for (user, name) in [(joe, "jane_1"), (jane, "second")] {
            let taken = one.name(user, name).await;
            assert!(matches!(taken, Err(StoreError::Taken(Unique::Username))), "{}: {taken:?}", database.name);
        }
        assert_eq!(other.username(&Username::parse("jane_1").unwrap()).await.unwrap(), None);
        other.name(user(&other, "jane@x.de").await, "jane_1").await.unwrap();
    }
}

#[tokio::test]
async fn an_account_tells_of_what_belongs_to_it_and_to_nobody_else() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let (jane, joe) = (user(&tenant, "jane@x.de").await, user(&tenant, "joe@x.de").await);
        let bare = tenant.account(jane).await.unwrap().unwrap();
        assert_eq!((bare.username, bare.password, bare.otp), (None, None, None), "{}", database.name);

        let username = tenant.name(jane, "jane").await.unwrap();
        let secret = tenant.enrol(jane).await.unwrap();
        let (password, later) = (PasswordId::random(&Random::system()), NOW + Duration::from_secs(1));
        for (hash, now) in [("one", NOW), ("two", later)] {
            let mut work = tenant.begin().await.unwrap();
            work.put_password(password, jane, &Secret::new(hash.into()), now).await.unwrap();
            work.commit().await.unwrap();
        }
        let account = tenant.account(jane).await.unwrap().unwrap();
        let stored =
            StoredUsername { id: username, user: jane, username: "jane".into(), created_at: NOW, updated_at: NOW };
        assert_eq!(account.username, Some(stored), "{}", database.name);
        assert_eq!(account.password, Some(PasswordInfo { id: password, created_at: NOW, updated_at: later }));
        assert_eq!(account.otp, Some(OtpInfo { id: secret.id, created_at: NOW }));
        assert_eq!((account.emails[0].created_at, account.emails[0].updated_at), (NOW, NOW));
        let joe = tenant.account(joe).await.unwrap().unwrap();
        assert_eq!((joe.username, joe.password, joe.otp), (None, None, None), "{}", database.name);
    }
}

#[tokio::test]
async fn a_step_is_used_once_and_none_before_it_afterwards() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let secret = tenant.enrol(jane).await.unwrap();
        assert_eq!(tenant.otp_secret(jane).await.unwrap().as_ref(), Some(&secret), "{}", database.name);
        let again = tenant.enrol(jane).await;
        assert!(matches!(again, Err(StoreError::Conflict)), "{}: one at most: {again:?}", database.name);

        let mut work = tenant.begin().await.unwrap();
        for (step, right) in [(100, true), (100, false), (99, false), (101, true)] {
            assert_eq!(
                work.use_otp_step(jane, secret.id, step, NOW).await.unwrap(),
                right,
                "{}: {step}",
                database.name
            );
        }
        let replaced = OtpSecretId::random(&Random::system());
        assert!(!work.use_otp_step(jane, replaced, 102, NOW).await.unwrap(), "{}: another secret", database.name);
        work.commit().await.unwrap();
        assert_eq!(tenant.otp_secret(jane).await.unwrap().unwrap().last_step, Some(101), "{}", database.name);

        let mut work = tenant.begin().await.unwrap();
        assert!(work.delete_otp_secret_of(jane).await.unwrap());
        assert!(!work.delete_otp_secret_of(jane).await.unwrap(), "{}", database.name);
        assert!(!work.use_otp_step(jane, secret.id, 102, NOW).await.unwrap(), "{}: it is gone", database.name);
        work.commit().await.unwrap();
        assert_eq!(tenant.otp_secret(jane).await.unwrap(), None, "{}", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_fifty_uses_of_one_step_at_once_one_counts() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let id = tenant.enrol(jane).await.unwrap().id;
        let uses: Vec<_> = (0..50)
            .map(|_| {
                let tenant = tenant.clone();
                tokio::spawn(async move {
                    let mut work = tenant.begin().await.unwrap();
                    let counts = work.use_otp_step(jane, id, 7, NOW).await.unwrap();
                    work.commit().await.unwrap();
                    counts
                })
            })
            .collect();
        let mut counted = 0;
        for used in uses {
            counted += usize::from(used.await.unwrap());
        }
        assert_eq!(counted, 1, "{}", database.name);
    }
}

#[tokio::test]
async fn a_device_is_trusted_by_its_user_until_it_expires_or_the_trust_is_withdrawn() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (user(&one, "jane@x.de").await, user(&one, "joe@x.de").await);
        let expires_at = NOW + Duration::from_secs(60);
        let mut work = one.begin().await.unwrap();
        for (user, hash) in [(jane, [1; 32]), (jane, [2; 32]), (jane, [3; 32]), (joe, [4; 32])] {
            work.insert_trusted_device(user, &hash, expires_at, NOW).await.unwrap();
        }
        work.commit().await.unwrap();
        let trusted = async |hash, now| one.trusted_device(&[hash; 32], now).await.unwrap();
        assert_eq!(trusted(1, NOW).await, Some(TrustedDevice { user: jane, expires_at }), "{}", database.name);
        assert_eq!(trusted(1, expires_at).await, None, "{}: expired", database.name);
        assert_eq!(trusted(5, NOW).await, None, "{}: unknown", database.name);
        assert_eq!(other.trusted_device(&[1; 32], NOW).await.unwrap(), None, "{}: another tenant", database.name);

        let mut work = one.begin().await.unwrap();
        assert!(work.delete_trusted_device(&[1; 32]).await.unwrap());
        assert!(!work.delete_trusted_device(&[1; 32]).await.unwrap(), "{}", database.name);
        work.commit().await.unwrap();
        assert_eq!(trusted(1, NOW).await, None, "{}: withdrawn", database.name);
        assert!(trusted(2, NOW).await.is_some());

        let mut work = one.begin().await.unwrap();
        assert_eq!(work.delete_trusted_devices_of(jane).await.unwrap(), 2, "{}", database.name);
        work.commit().await.unwrap();
        assert_eq!(trusted(2, NOW).await, None);
        assert!(trusted(4, NOW).await.is_some(), "{}: another user's stays", database.name);
        assert_eq!(database.store.system().clean_up(expires_at + Duration::from_micros(1)).await.unwrap(), 1);
    }
}
