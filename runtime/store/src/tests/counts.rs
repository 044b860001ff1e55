//! How many users are listed, on every database.

use std::time::Duration;

use hanko_domain::{EmailAddress, EmailId, Random, Timestamp, UserId, Username, UsernameId};

use super::{NOW, databases::migrated, new_user, tenant, user};
use crate::{
    StoreError, TenantStore,
    listing::{Range, UserQuery},
    metadata::Metadata,
};

impl TenantStore {
    /// What is told, which must be what is there.
    pub(super) async fn counted(&self) -> u64 {
        let told = self.count_users(&UserQuery::default()).await.unwrap();
        let always = Range { from: Some(Timestamp(i64::MIN)), to: None };
        let there = self.count_users(&UserQuery { created: always, ..UserQuery::default() }).await.unwrap();
        assert_eq!(told, there);
        told
    }
}

#[tokio::test]
async fn a_user_is_listed_while_it_has_an_address_or_a_username() {
    for database in migrated().await {
        let (tenant, other) = (tenant(&database).await, tenant(&database).await);
        let jane = UserId::random(&Random::system());
        tenant.once(async |work| work.insert_user(&new_user(jane, None)).await).await;
        assert_eq!(tenant.counted().await, 0, "{}: neither", database.name);
        tenant.name(jane, "jane").await.unwrap();
        assert_eq!(tenant.counted().await, 1, "{}: a username", database.name);
        let email = EmailId::random(&Random::system());
        let address = EmailAddress::parse("jane@x.de").unwrap();
        tenant.once(async |work| work.insert_email(email, jane, &address, false, NOW).await).await;
        assert_eq!(tenant.counted().await, 1, "{}: both", database.name);
        tenant.once(async |work| work.delete_username(jane).await).await;
        assert_eq!(tenant.counted().await, 1, "{}: an address", database.name);
        tenant.once(async |work| work.delete_email(jane, EmailId::random(&Random::system())).await).await;
        assert_eq!(tenant.counted().await, 1, "{}: another's address", database.name);
        tenant.once(async |work| work.delete_email(jane, email).await).await;
        assert_eq!(tenant.counted().await, 0, "{}: neither again", database.name);
        tenant.once(async |work| work.delete_user(jane).await).await;
        assert_eq!(tenant.counted().await, 0, "{}: gone", database.name);

        let joe = user(&tenant, "joe@x.de").await;
        let mut undone = tenant.begin().await.unwrap();
        assert!(undone.delete_user(joe).await.unwrap());
        undone.rollback().await.unwrap();
        assert_eq!(tenant.counted().await, 1, "{}: nothing happened", database.name);
        tenant.once(async |work| work.delete_user(joe).await).await;
        assert_eq!((tenant.counted().await, other.counted().await), (0, 0), "{}", database.name);
    }
}

/// Users come and go, and addresses and usernames with them, by sixteen at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_count_is_exact_whatever_happens_at_once() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let shared = user(&tenant, "shared@x.de").await;
        let email = tenant.emails_of(shared).await.unwrap().remove(0).id;
        let runs: Vec<_> = (0..16)
            .map(|run| {
                let tenant = tenant.clone();
                tokio::spawn(async move {
                    for round in 0..6 {
                        let own = user(&tenant, &format!("u{run}-{round}@x.de")).await;
                        while !step(&tenant, round, own, (shared, email)).await {}
                    }
                })
            })
            .collect();
        for run in runs {
            run.await.unwrap();
        }
        tenant.once(async |work| work.delete_username(shared).await).await;
        assert_eq!(tenant.counted().await, 16 * 5, "{}: and the shared one has nothing left", database.name);
    }
}

/// One change. `false` when the database had to undo it for another one's sake; who finds that somebody was faster is done.
async fn step(tenant: &TenantStore, round: u8, own: UserId, (shared, email): (UserId, EmailId)) -> bool {
    let name = Username::parse(&own.0.simple().to_string()).unwrap();
    let id = UsernameId::random(&Random::system());
    let mut work = tenant.begin().await.unwrap();
    let outcome = match round {
        0 => work.insert_username(id, own, &name, NOW).await,
        1 => work.delete_user(own).await.map(drop),
        2 => work.insert_username(id, shared, &name, NOW).await,
        3 => work.delete_username(shared).await.map(drop),
        4 => work.delete_email(shared, email).await.map(drop),
        _ => work.delete_email(own, email).await.map(drop),
    };
    let outcome = match outcome {
        Ok(()) => work.commit().await,
        Err(error) => work.rollback().await.and(Err(error)),
    };
    match outcome {
        Ok(()) | Err(StoreError::Taken(_)) => true,
        Err(error) if error.is_temporary() => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_an_address_and_a_username_that_go_at_once_the_last_one_takes_the_user_out_of_the_list() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        tenant.name(jane, "jane").await.unwrap();
        let email = tenant.emails_of(jane).await.unwrap().remove(0).id;
        let mut first = tenant.begin().await.unwrap();
        assert!(first.delete_email(jane, email).await.unwrap());
        let second = tenant.clone();
        let second = tokio::spawn(async move { second.once(async |work| work.delete_username(jane).await).await });
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        first.commit().await.unwrap();
        assert!(second.await.unwrap(), "{}", database.name);
        assert_eq!(tenant.counted().await, 0, "{}", database.name);
    }
}

#[tokio::test]
async fn who_signs_in_as_read_is_remembered_and_stays_as_it_was() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let read = tenant.user(user(&tenant, "jane@x.de").await).await.unwrap().unwrap();
        assert_eq!(read.last_login_at, None, "{}", database.name);
        for now in [NOW, NOW + Duration::from_secs(1), NOW + Duration::from_secs(1)] {
            assert!(tenant.once(async |work| work.log_in_as_read(&read, now).await).await, "{}", database.name);
            let after = tenant.user(read.id).await.unwrap().unwrap();
            assert_eq!(after.last_login_at, Some(now), "{}", database.name);
            assert_eq!(after.updated_at, read.updated_at, "{}", database.name);
        }
        tenant.once(async |work| work.touch_user(read.id, NOW).await).await;
        assert!(!tenant.once(async |work| work.log_in_as_read(&read, NOW).await).await, "{}", database.name);
    }
}

#[tokio::test]
async fn a_profile_is_stored_and_makes_another_version_of_the_user() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let text = |text: &str| Some(text.to_owned());
        let full = crate::users::Profile {
            name: text("Jane Döe 🔑"),
            given_name: text(&"ä".repeat(255)),
            family_name: text("Döe"),
            picture: text(&format!("https://x.de/{}", "p".repeat(2035))),
        };
        for (profile, version) in [(full, 1), (crate::users::Profile::default(), 2)] {
            tenant.once(async |work| work.put_profile(jane, &profile, NOW).await).await;
            let stored = tenant.account(jane).await.unwrap().unwrap().user;
            assert_eq!(stored.profile, profile, "{}", database.name);
            assert_eq!(stored.updated_at, NOW + Duration::from_micros(version), "{}", database.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_change_one_metadata_document_none_loses_anothers_work() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let writers: Vec<_> = (0..20)
            .map(|n| {
                let tenant = tenant.clone();
                tokio::spawn(async move {
                    tenant
                        .once(async |work| {
                            let before = work.metadata_for_update(jane, NOW).await?.unwrap();
                            let mut public = before.public.clone().unwrap_or_default();
                            public.push_str(&format!("{n};"));
                            work.put_metadata(jane, &Metadata { public: Some(public), ..before }, NOW).await
                        })
                        .await
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let public = tenant.account(jane).await.unwrap().unwrap().metadata.public.unwrap();
        assert_eq!(public.split_terminator(';').count(), 20, "{}: {public}", database.name);
        let nobody = UserId::random(&Random::system());
        let none = tenant.once(async |work| work.metadata_for_update(nobody, NOW).await).await;
        assert_eq!(none, None, "{}", database.name);
    }
}
