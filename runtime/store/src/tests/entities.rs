//! What each entity promises, on every database.

use std::time::Duration;

use hanko_domain::{
    AuditEntry, AuditId, AuditKind, EmailAddress, EmailId, FlowId, Passkey, PasswordId, Random, RequestMeta, Secret,
    TenantId, UserId, audit::Actor,
};

use super::{NOW, databases::migrated, passkey, session, tenant, user};
use crate::{
    StoreError, Unique, flows::FlowRow, limits::Window, sessions::Session, signing_keys::SigningKeyRow,
    tenants::Registration,
};

#[tokio::test]
async fn a_new_tenant_is_told_of_those_that_were_there_before() {
    for database in migrated().await {
        let first = tenant(&database).await;
        assert_eq!(first.register("default/test", NOW).await.unwrap(), Registration::Known);
        let second = database.store.tenant(TenantId::random(&Random::system()));
        let others = vec![(first.tenant(), "default/test".to_owned())];
        assert_eq!(second.register("default/renamed", NOW).await.unwrap(), Registration::New { others });
    }
}

#[tokio::test]
async fn an_address_belongs_to_one_user_of_a_tenant_whatever_its_case() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let jane = user(&one, "Jane@x.de").await;
        let found = one.email(&EmailAddress::parse("jane@X.de").unwrap()).await.unwrap().unwrap();
        assert_eq!((found.user, found.address.as_str(), found.verified), (jane, "Jane@x.de", false));
        let mut work = one.begin().await.unwrap();
        let taken = work
            .insert_email(
                EmailId::random(&Random::system()),
                jane,
                &EmailAddress::parse("JANE@x.de").unwrap(),
                true,
                NOW,
            )
            .await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::Email))), "{}: {taken:?}", database.name);
        work.rollback().await.unwrap();
        user(&other, "jane@x.de").await;
        assert!(one.verify(found.id).await, "{}: the first proof counts", database.name);
        assert!(!one.verify(found.id).await, "{}: the second changes nothing", database.name);
    }
}

#[tokio::test]
async fn a_user_is_as_it_was_read_until_somebody_touches_it_and_who_asks_meanwhile_waits() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let read = tenant.user(jane).await.unwrap().unwrap();
        let mut work = tenant.begin().await.unwrap();
        assert!(work.is_as_read(&read).await.unwrap(), "{}", database.name);
        work.commit().await.unwrap();

        let mut touching = tenant.begin().await.unwrap();
        touching.touch_user(jane, NOW + Duration::from_secs(1)).await.unwrap();
        let (asking, before) = (tenant.clone(), read.clone());
        let answer = tokio::spawn(async move {
            let mut work = asking.begin().await.unwrap();
            let answer = work.is_as_read(&before).await.unwrap();
            work.rollback().await.unwrap();
            answer
        });
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        touching.commit().await.unwrap();
        assert!(!answer.await.unwrap(), "{}", database.name);
        let gone = crate::users::User { id: UserId::random(&Random::system()), ..read };
        let mut work = tenant.begin().await.unwrap();
        assert!(!work.is_as_read(&gone).await.unwrap(), "{}: nobody", database.name);
        work.rollback().await.unwrap();
    }
}

impl crate::TenantStore {
    async fn verify(&self, email: EmailId) -> bool {
        let mut work = self.begin().await.unwrap();
        let changed = work.verify_email(email, NOW).await.unwrap();
        work.commit().await.unwrap();
        changed
    }
}

#[tokio::test]
async fn a_tenant_sees_nothing_of_another_one() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let jane = user(&one, "jane@x.de").await;
        assert!(one.account(jane).await.unwrap().is_some());
        assert_eq!(other.account(jane).await.unwrap(), None);
        assert_eq!(other.email(&EmailAddress::parse("jane@x.de").unwrap()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_password_is_set_replaced_and_upgraded_only_if_unchanged() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let secret = |text: &str| Secret::new(text.to_owned());
        let (id, mut work) = (PasswordId::random(&Random::system()), tenant.begin().await.unwrap());
        assert!(work.put_password(id, jane, &secret("one"), NOW).await.unwrap());
        assert!(!work.put_password(id, jane, &secret("two"), NOW).await.unwrap());
        work.upgrade_password(jane, &secret("one"), &secret("stale"), NOW).await.unwrap();
        work.commit().await.unwrap();
        assert!(tenant.password_of(jane).await.unwrap() == Some(secret("two")), "{}", database.name);
    }
}

#[tokio::test]
async fn a_passkey_comes_back_as_it_was_and_its_counter_moves_once() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        // The longest id the standard allows, and one that differs from it in the last byte only.
        let (long, mut twin) = (passkey(jane, vec![0xff; 1023]), passkey(jane, vec![0xff; 1023]));
        twin.id.0[1022] = 0xfe;
        let mut work = tenant.begin().await.unwrap();
        work.insert_passkey(&long).await.unwrap();
        work.insert_passkey(&twin).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(tenant.passkey(&long.id).await.unwrap().as_ref(), Some(&long), "{}", database.name);
        assert_eq!(tenant.passkeys_of(jane).await.unwrap().len(), 2);

        let used = Passkey { counter: 8, backup_state: true, ..long.clone() };
        let mut work = tenant.begin().await.unwrap();
        assert!(work.use_passkey(&used, 7, NOW).await.unwrap());
        assert!(!work.use_passkey(&used, 7, NOW).await.unwrap(), "{}: the same assertion again", database.name);
        work.commit().await.unwrap();
        assert_eq!(tenant.passkey(&long.id).await.unwrap().unwrap().counter, 8);
    }
}

#[tokio::test]
async fn of_two_writes_of_one_flow_version_one_wins() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let id = FlowId::random(&Random::system());
        let row =
            |version, data: &[u8]| FlowRow { flow: "login".into(), version, data: data.to_vec(), expires_at: NOW };
        let write = async |previous, row: FlowRow| {
            let mut work = tenant.begin().await.unwrap();
            let won = work.write_flow(id, previous, &row).await.unwrap();
            if won {
                work.commit().await.unwrap()
            } else {
                work.rollback().await.unwrap()
            }
            won
        };
        assert!(write(0, row(1, b"first")).await);
        assert!(!write(0, row(1, b"first again")).await, "{}", database.name);
        assert!(write(1, row(2, b"second")).await);
        assert!(!write(1, row(2, b"second again")).await, "{}", database.name);
        assert_eq!(tenant.flow(id).await.unwrap(), Some(row(2, b"second")), "{}", database.name);
    }
}

#[tokio::test]
async fn the_oldest_sessions_make_room_for_a_new_one() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let sessions: Vec<Session> = (0..4).map(|n| session(jane, n)).collect();
        let mut ended = Vec::new();
        for session in &sessions {
            let mut work = tenant.begin().await.unwrap();
            ended.extend(work.make_room(jane, 1, session.created_at).await.unwrap());
            work.insert_session(session).await.unwrap();
            work.commit().await.unwrap();
        }
        assert_eq!(ended, sessions[..2], "{}", database.name);
        let now = NOW + Duration::from_secs(10);
        assert_eq!(tenant.session(sessions[0].id, now).await.unwrap(), None);
        assert_eq!(tenant.session(sessions[3].id, now).await.unwrap().as_ref(), Some(&sessions[3]));
        let expired = sessions[3].expires_at;
        assert_eq!(tenant.session(sessions[3].id, expired).await.unwrap(), None, "{}: expired", database.name);
    }
}

#[tokio::test]
async fn of_several_sessions_too_many_the_oldest_end_first() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let (jane, other) = (user(&tenant, "jane@x.de").await, user(&tenant, "other@x.de").await);
        let sessions: Vec<Session> = (0..5).map(|n| session(jane, n)).collect();
        let mut work = tenant.begin().await.unwrap();
        for session in sessions.iter().rev().chain([&session(other, 0)]) {
            work.insert_session(session).await.unwrap();
        }
        assert_eq!(work.make_room(jane, 5, NOW).await.unwrap(), [], "{}: there is room", database.name);
        assert_eq!(work.make_room(jane, 2, NOW).await.unwrap(), sessions[..3], "{}", database.name);
        assert_eq!(work.make_room(jane, 0, sessions[3].expires_at).await.unwrap(), sessions[4..], "{}", database.name);
        work.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn an_address_is_known_while_a_session_from_it_lasts() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let (jane, other) = (user(&tenant, "jane@x.de").await, user(&tenant, "other@x.de").await);
        let begun = session(jane, 0);
        let mut work = tenant.begin().await.unwrap();
        work.insert_session(&begun).await.unwrap();
        work.commit().await.unwrap();
        let known = async |user, ip, now| tenant.has_session_from(user, ip, now).await.unwrap();
        assert!(known(jane, "192.0.2.1", NOW).await, "{}", database.name);
        assert!(!known(jane, "192.0.2.2", NOW).await, "{}: another address", database.name);
        assert!(!known(other, "192.0.2.1", NOW).await, "{}: another user", database.name);
        assert!(!known(jane, "192.0.2.1", begun.expires_at).await, "{}: expired", database.name);
    }
}

#[tokio::test]
async fn a_session_of_a_user_that_is_gone_cannot_begin() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let mut work = tenant.begin().await.unwrap();
        let nobody = UserId::random(&Random::system());
        assert!(work.insert_session(&session(nobody, 0)).await.is_err(), "{}", database.name);
        work.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn renewal_moves_the_expiry_forward_only_and_is_no_use() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let begun = session(jane, 0);
        let mut work = tenant.begin().await.unwrap();
        work.insert_session(&begun).await.unwrap();
        work.extend_session(begun.id, begun.expires_at + Duration::from_secs(60)).await.unwrap();
        work.extend_session(begun.id, begun.expires_at).await.unwrap();
        work.commit().await.unwrap();
        let found = tenant.session(begun.id, NOW).await.unwrap().unwrap();
        assert_eq!(found.expires_at, begun.expires_at + Duration::from_secs(60), "{}", database.name);
        assert_eq!(found.last_used, begun.last_used, "{}", database.name);
    }
}

#[tokio::test]
async fn a_lease_has_one_holder_until_it_runs_out_or_is_given_back() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let (one, other) = (Random::system().uuid_v4(), Random::system().uuid_v4());
        let minute = Duration::from_secs(60);
        let take = async |holder, now| tenant.take_lease("keys", holder, minute, now).await.unwrap();
        assert!(take(one, NOW).await);
        assert!(!take(other, NOW).await, "{}", database.name);
        assert!(take(one, NOW + Duration::from_secs(30)).await, "{}: prolonged", database.name);
        assert!(!take(other, NOW + minute).await, "{}", database.name);
        assert!(take(other, NOW + minute * 2).await, "{}: ran out", database.name);
        tenant.give_back_lease("keys", one).await.unwrap();
        assert!(!take(one, NOW + minute * 2).await, "{}: only the holder gives back", database.name);
        tenant.give_back_lease("keys", other).await.unwrap();
        assert!(take(one, NOW + minute * 2).await, "{}", database.name);
    }
}

#[tokio::test]
async fn audit_rows_come_back_newest_first_and_survive_their_user() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let random = Random::system();
        let actor = Actor { user: Some(UserId::random(&random)), email: Some("j*****@x.de".into()) };
        let mut work = tenant.begin().await.unwrap();
        for (second, kind) in [(0, AuditKind::LoginFailure), (1, AuditKind::LoginSuccess)] {
            let now = NOW + Duration::from_secs(second);
            let entry = AuditEntry::new(kind, actor.clone()).with("flow_id", "f").failed("why");
            work.insert_audit(AuditId::ordered(&random, now), &entry, &RequestMeta::default(), now).await.unwrap();
        }
        work.commit().await.unwrap();
        let rows = tenant.newest_audit_rows(10).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>(), ["login_success", "login_failure"]);
        assert_eq!(rows[0].details["flow_id"], "f", "{}", database.name);
        assert_eq!(rows[0].actor_email.as_deref(), Some("j*****@x.de"));
        assert_eq!(rows[0].error.as_deref(), Some("why"));
    }
}

#[tokio::test]
async fn signing_keys_come_back() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let key = SigningKeyRow {
            kid: Random::system().uuid_v4(),
            algorithm: "RS256".into(),
            state: "active".into(),
            sealed: "v1.k1.x".into(),
            created_at: NOW,
        };
        let mut work = tenant.begin().await.unwrap();
        work.insert_signing_key(&key).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(tenant.signing_keys().await.unwrap(), [key], "{}", database.name);
    }
}

#[tokio::test]
async fn clean_up_removes_what_has_expired_and_nothing_else() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let (old, young) = (session(jane, 0), session(jane, 3000));
        let mut work = tenant.begin().await.unwrap();
        work.insert_session(&old).await.unwrap();
        work.insert_session(&young).await.unwrap();
        work.commit().await.unwrap();
        let window = Window { bucket: [1; 32], tokens: 1, interval: Duration::from_secs(60) };
        tenant.take(&[window], NOW).await.unwrap();
        let now = NOW + Duration::from_secs(3601);
        assert_eq!(database.store.system().clean_up(now).await.unwrap(), 2, "{}", database.name);
        assert!(tenant.session(young.id, now).await.unwrap().is_some(), "{}", database.name);
    }
}

#[tokio::test]
async fn of_two_changes_that_wait_for_each_other_one_may_be_repeated() {
    for database in migrated().await {
        // With SQLite the second change begins when the first has ended.
        if database.name == "sqlite" {
            continue;
        }
        let tenant = tenant(&database).await;
        let (a, b) = (user(&tenant, "a@x.de").await, user(&tenant, "b@x.de").await);
        let email = EmailId::random(&Random::system());
        let (mut one, mut other) = (tenant.begin().await.unwrap(), tenant.begin().await.unwrap());
        one.set_primary_email(a, email, NOW).await.unwrap();
        other.set_primary_email(b, email, NOW).await.unwrap();
        let outcome = tokio::try_join!(one.set_primary_email(b, email, NOW), other.set_primary_email(a, email, NOW));
        let undone = outcome.unwrap_err();
        assert!(matches!(undone, StoreError::Deadlock(_)), "{}: {undone}", database.name);
        assert!(undone.is_temporary());
        one.rollback().await.unwrap();
        other.rollback().await.unwrap();
    }
}

/// FC-56: a transaction that reads first and writes later must not fail because another wrote in between.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_come_at_once_all_succeed() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let writers: Vec<_> = (0..100)
            .map(|n| {
                let tenant = tenant.clone();
                tokio::spawn(async move {
                    let mut work = tenant.begin().await?;
                    work.make_room(jane, 1000, NOW).await?;
                    work.insert_session(&session(jane, n)).await?;
                    work.commit().await
                })
            })
            .collect();
        for writer in writers {
            let outcome = writer.await.unwrap();
            assert!(outcome.is_ok(), "{}: {outcome:?}", database.name);
        }
    }
}
