//! What several do at once to one row, on every database: one of them has done it.

use std::time::Duration;

use hanko_domain::{CredentialId, FlowId, Random, SessionId, UserId, Username};
use tokio::{task::JoinHandle, time::timeout};

use super::{NOW, databases::migrated, passkey, session, tenant, token, user};
use crate::{StoreError, TenantStore, Unique, flows::FlowRow};

/// For as long it is seen that somebody waits.
const WAITS: Duration = Duration::from_millis(100);

/// How many of twenty units of work that do the same at once are told `true`.
macro_rules! told_true {
    ($tenant:expr, |$work:ident| $body:expr) => {{
        let all: Vec<_> = (0..20)
            .map(|_| {
                let tenant = $tenant.clone();
                tokio::spawn(async move {
                    let mut $work = tenant.begin().await.unwrap();
                    let done: bool = $body.await.unwrap();
                    $work.commit().await.unwrap();
                    done
                })
            })
            .collect();
        let mut done = 0;
        for one in all {
            done += usize::from(one.await.unwrap());
        }
        done
    }};
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_twenty_that_spend_or_remove_the_same_at_once_one_has_done_it() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let flow = FlowId::random(&Random::system());
        let row = FlowRow { flow: "profile".into(), version: 1, data: vec![1], expires_at: NOW };
        let begun = session(jane, 0);
        tenant.name(jane, "jane").await.unwrap();
        let mut work = tenant.begin().await.unwrap();
        work.insert_token(&token(jane, [1; 32])).await.unwrap();
        work.insert_passkey(&passkey(jane, vec![1])).await.unwrap();
        work.write_flow(flow, 0, &row).await.unwrap();
        work.insert_session(&begun).await.unwrap();
        work.commit().await.unwrap();
        let email = tenant.emails_of(jane).await.unwrap().remove(0).id;
        for (what, times) in [
            ("token", told_true!(tenant, |work| work.spend_token(&[1; 32]))),
            ("run", told_true!(tenant, |work| work.delete_flow(flow, 1))),
            ("credential", told_true!(tenant, |work| work.delete_passkey(jane, &CredentialId(vec![1])))),
            ("address", told_true!(tenant, |work| work.delete_email(jane, email))),
            ("username", told_true!(tenant, |work| work.delete_username(jane))),
            ("session", told_true!(tenant, |work| work.delete_session(begun.id))),
            ("user", told_true!(tenant, |work| work.delete_user(jane))),
        ] {
            assert_eq!(times, 1, "{}: {what}", database.name);
        }
    }
}

fn rename(tenant: &TenantStore, user: UserId) -> JoinHandle<Result<bool, StoreError>> {
    let tenant = tenant.clone();
    tokio::spawn(async move {
        let mut work = tenant.begin().await?;
        let changed = work.update_username(user, &Username::parse("prize").unwrap(), NOW).await?;
        work.commit().await?;
        Ok(changed)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_who_take_one_username_at_once_the_second_is_refused_unless_the_first_gives_up() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let (jane, joe) = (user(&tenant, "jane@x.de").await, user(&tenant, "joe@x.de").await);
        tenant.name(jane, "jane").await.unwrap();
        tenant.name(joe, "joe").await.unwrap();
        let prize = Username::parse("prize").unwrap();

        let mut first = tenant.begin().await.unwrap();
        assert!(first.update_username(jane, &prize, NOW).await.unwrap());
        let mut second = rename(&tenant, joe);
        assert!(timeout(WAITS, &mut second).await.is_err(), "{}: waits", database.name);
        first.rollback().await.unwrap();
        assert!(second.await.unwrap().unwrap(), "{}", database.name);

        tenant.once(async |work| work.delete_username(joe).await).await;
        tenant.name(joe, "joe").await.unwrap();
        let mut first = tenant.begin().await.unwrap();
        assert!(first.update_username(jane, &prize, NOW).await.unwrap());
        let mut second = rename(&tenant, joe);
        assert!(timeout(WAITS, &mut second).await.is_err(), "{}: waits", database.name);
        first.commit().await.unwrap();
        let refused = second.await.unwrap();
        assert!(matches!(refused, Err(StoreError::Taken(Unique::Username))), "{}: {refused:?}", database.name);
        assert_eq!(tenant.username(&prize).await.unwrap().unwrap().user, jane, "{}", database.name);
    }
}

fn in_its_own_work(tenant: &TenantStore, id: SessionId, ends: bool) -> JoinHandle<bool> {
    let tenant = tenant.clone();
    tokio::spawn(async move {
        tenant
            .once(async |work| match ends {
                true => work.delete_session(id).await,
                false => work.use_session(id, NOW).await,
            })
            .await
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_ends_before_a_use_or_after_it_and_never_meanwhile() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let (used, ended) = (session(jane, 0), session(jane, 1));
        tenant.once(async |work| work.insert_session(&used).await).await;
        tenant.once(async |work| work.insert_session(&ended).await).await;

        let mut using = tenant.begin().await.unwrap();
        // Nothing changes by it: a use in the moment in which the session began holds it all the same.
        assert!(using.use_session(used.id, NOW).await.unwrap());
        let mut ending = in_its_own_work(&tenant, used.id, true);
        assert!(timeout(WAITS, &mut ending).await.is_err(), "{}: waits for the use", database.name);
        using.commit().await.unwrap();
        assert!(ending.await.unwrap(), "{}", database.name);

        let mut ending = tenant.begin().await.unwrap();
        assert!(ending.delete_session(ended.id).await.unwrap());
        let mut using = in_its_own_work(&tenant, ended.id, false);
        assert!(timeout(WAITS, &mut using).await.is_err(), "{}: waits for the end", database.name);
        ending.commit().await.unwrap();
        assert!(!using.await.unwrap(), "{}: it has ended", database.name);
    }
}
