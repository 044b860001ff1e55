//! What a profile changes, on every database.

use std::time::Duration;

use hanko_domain::{CredentialId, EmailAddress, EmailId, FlowId, Random, SessionId, UserId, Username};

use super::{NOW, databases::migrated, passkey, session, tenant, token, user};
use crate::{
    StoreError, TenantStore, Unique, flows::FlowRow, metadata::Metadata, one_time_tokens::OneTimeToken,
    sessions::Session,
};

const LATER: Duration = Duration::from_secs(1);

#[tokio::test]
async fn metadata_comes_with_its_account_as_it_was_stored_last() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (user(&one, "jane@x.de").await, user(&one, "joe@x.de").await);
        // Three thousand characters that are longest in bytes, with a name that differs in its case only.
        let long = format!(r#"{{"a":"{}","A":"\u0000"}}"#, "\u{10348}".repeat(3000));
        let full = Metadata { public: Some(long), private: Some("{\"b\": 1}".into()), unsafe_: Some("{}".into()) };
        let less = Metadata { public: None, private: Some("{}".into()), unsafe_: None };
        for stored in [&full, &full, &less, &Metadata::default(), &full] {
            one.once(async |work| work.put_metadata(jane, stored, NOW).await).await;
            assert_eq!(&one.account(jane).await.unwrap().unwrap().metadata, stored, "{}", database.name);
        }
        assert_eq!(one.account(joe).await.unwrap().unwrap().metadata, Metadata::default(), "{}", database.name);
        let mut work = other.begin().await.unwrap();
        assert!(work.put_metadata(jane, &full, NOW).await.is_err(), "{}: another tenant's user", database.name);
        work.rollback().await.unwrap();
    }
}

#[tokio::test]
async fn an_address_goes_only_from_the_user_who_has_it_and_a_user_may_be_left_without_a_main_one() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (user(&one, "jane@x.de").await, user(&one, "joe@x.de").await);
        let email = one.email(&EmailAddress::parse("jane@x.de").unwrap()).await.unwrap().unwrap();
        assert_eq!(one.email_by_id(email.id).await.unwrap().as_ref(), Some(&email), "{}", database.name);
        assert_eq!(other.email_by_id(email.id).await.unwrap(), None, "{}: another tenant", database.name);
        assert_eq!(one.email_by_id(EmailId::random(&Random::system())).await.unwrap(), None, "{}", database.name);

        one.once(async |work| work.clear_primary_email(jane, NOW + LATER).await).await;
        let account = one.account(jane).await.unwrap().unwrap();
        assert_eq!((account.user.primary_email, account.user.updated_at), (None, NOW + LATER), "{}", database.name);
        assert_eq!(account.emails.len(), 1, "{}: it is still there", database.name);
        assert!(one.account(joe).await.unwrap().unwrap().primary_email().is_some(), "{}", database.name);

        let delete =
            async |tenant: &TenantStore, user| tenant.once(async |work| work.delete_email(user, email.id).await).await;
        assert!(!delete(&one, joe).await, "{}: another user's", database.name);
        assert!(!delete(&other, jane).await, "{}: another tenant's", database.name);
        assert!(delete(&one, jane).await, "{}", database.name);
        assert!(!delete(&one, jane).await, "{}: it is gone", database.name);
        assert_eq!(one.account(jane).await.unwrap().unwrap().emails, [], "{}", database.name);
    }
}

#[tokio::test]
async fn a_username_changes_to_one_that_nobody_else_has_and_is_free_when_it_is_removed() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let (jane, joe) = (user(&tenant, "jane@x.de").await, user(&tenant, "joe@x.de").await);
        let update = async |user, name: &str| {
            let mut work = tenant.begin().await.unwrap();
            let outcome = work.update_username(user, &Username::parse(name).unwrap(), NOW + LATER).await;
            match &outcome {
                Ok(_) => work.commit().await.unwrap(),
                Err(_) => work.rollback().await.unwrap(),
            }
            outcome
        };
        assert!(!update(jane, "jane").await.unwrap(), "{}: there is none to change", database.name);
        let id = tenant.name(jane, "jane").await.unwrap();
        tenant.name(joe, "joe").await.unwrap();
        assert!(update(jane, "jane").await.unwrap(), "{}: her own", database.name);
        let taken = update(jane, "JOE").await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::Username))), "{}: {taken:?}", database.name);
        assert!(update(jane, "janet").await.unwrap(), "{}", database.name);
        let changed = tenant.account(jane).await.unwrap().unwrap().username.unwrap();
        assert_eq!((changed.id, changed.username.as_str()), (id, "janet"), "{}", database.name);
        assert_eq!((changed.created_at, changed.updated_at), (NOW, NOW + LATER), "{}", database.name);
        assert!(update(joe, "jane").await.unwrap(), "{}: it was given up", database.name);

        assert!(tenant.once(async |work| work.delete_username(jane).await).await, "{}", database.name);
        assert!(!tenant.once(async |work| work.delete_username(jane).await).await, "{}: it is gone", database.name);
        assert_eq!(tenant.account(jane).await.unwrap().unwrap().username, None, "{}", database.name);
        assert!(update(joe, "janet").await.unwrap(), "{}: it is free", database.name);
    }
}

#[tokio::test]
async fn a_credential_is_renamed_and_removed_by_its_user_alone() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (user(&one, "jane@x.de").await, user(&one, "joe@x.de").await);
        let (key, kept) = (passkey(jane, vec![1, 0]), passkey(jane, vec![1, 1]));
        one.once(async |work| work.insert_passkey(&key).await).await;
        one.once(async |work| work.insert_passkey(&kept).await).await;
        let rename = async |tenant: &TenantStore, user, id: &CredentialId| {
            tenant.once(async |work| work.rename_passkey(user, id, "Schlüssel 🔑").await).await
        };
        let delete = async |tenant: &TenantStore, user, id: &CredentialId| {
            tenant.once(async |work| work.delete_passkey(user, id).await).await
        };
        let unknown = CredentialId(vec![1]);
        for (tenant, user, id) in [(&one, joe, &key.id), (&other, jane, &key.id), (&one, jane, &unknown)] {
            assert!(!rename(tenant, user, id).await, "{}", database.name);
            assert!(!delete(tenant, user, id).await, "{}", database.name);
        }
        assert!(rename(&one, jane, &key.id).await, "{}", database.name);
        assert!(rename(&one, jane, &key.id).await, "{}: to the name it has", database.name);
        let renamed = one.passkey(&key.id).await.unwrap().unwrap();
        assert_eq!(renamed.name.as_deref(), Some("Schlüssel 🔑"), "{}", database.name);
        assert!(delete(&one, jane, &key.id).await, "{}", database.name);
        assert!(!delete(&one, jane, &key.id).await, "{}: it is gone", database.name);
        assert_eq!(one.passkeys_of(jane).await.unwrap(), [kept], "{}", database.name);
    }
}

#[tokio::test]
async fn the_sessions_of_a_user_are_those_that_last_newest_first() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (jane, joe) = (user(&one, "jane@x.de").await, user(&one, "joe@x.de").await);
        let sessions: Vec<Session> = (0..3).map(|n| session(jane, n)).collect();
        for session in [&sessions[1], &sessions[2], &sessions[0], &session(joe, 1)] {
            one.once(async |work| work.insert_session(session).await).await;
        }
        let newest_first = [sessions[2].clone(), sessions[1].clone(), sessions[0].clone()];
        assert_eq!(one.sessions_of(jane, NOW).await.unwrap(), newest_first, "{}", database.name);
        let expired = sessions[0].expires_at;
        assert_eq!(one.sessions_of(jane, expired).await.unwrap(), newest_first[..2], "{}", database.name);
        assert_eq!(other.sessions_of(jane, NOW).await.unwrap(), [], "{}: another tenant", database.name);
    }
}

#[tokio::test]
async fn a_session_is_used_until_it_expires_and_its_last_use_never_moves_back() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let jane = user(&tenant, "jane@x.de").await;
        let begun = session(jane, 0);
        tenant.once(async |work| work.insert_session(&begun).await).await;
        let used = async |id, now| tenant.once(async |work| work.use_session(id, now).await).await;
        for (now, last_used) in [(NOW, NOW), (NOW + LATER, NOW + LATER), (NOW, NOW + LATER), (NOW + LATER, NOW + LATER)]
        {
            assert!(used(begun.id, now).await, "{}", database.name);
            let found = tenant.session(begun.id, NOW).await.unwrap().unwrap();
            assert_eq!(found, Session { last_used, ..begun.clone() }, "{}", database.name);
        }
        assert!(!used(begun.id, begun.expires_at).await, "{}: expired", database.name);
        assert!(!used(SessionId::random(&Random::system()), NOW).await, "{}: unknown", database.name);
        tenant.once(async |work| work.delete_session(begun.id).await).await;
        assert!(!used(begun.id, NOW).await, "{}: ended", database.name);
    }
}

#[tokio::test]
async fn a_run_is_spent_as_it_was_read_or_not_at_all() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let id = FlowId::random(&Random::system());
        let row = |version| FlowRow { flow: "profile".into(), version, data: vec![1], expires_at: NOW };
        tenant.once(async |work| work.write_flow(id, 0, &row(1)).await).await;
        tenant.once(async |work| work.write_flow(id, 1, &row(2)).await).await;
        let spend = async |version| tenant.once(async |work| work.delete_flow(id, version).await).await;
        assert!(!spend(1).await, "{}: written since", database.name);
        assert_eq!(tenant.flow(id).await.unwrap(), Some(row(2)), "{}", database.name);
        assert!(spend(2).await, "{}", database.name);
        assert!(!spend(2).await, "{}: it is gone", database.name);
        assert_eq!(tenant.flow(id).await.unwrap(), None, "{}", database.name);
    }
}

#[tokio::test]
async fn a_one_time_token_comes_back_as_it_was_until_it_is_spent_or_an_hour_past_its_time() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let jane = user(&one, "jane@x.de").await;
        let plain = OneTimeToken { is_flow: false, link_user: true, verifier: None, ..token(jane, [2; 32]) };
        for token in [&token(jane, [1; 32]), &plain] {
            one.once(async |work| work.insert_token(token).await).await;
            assert_eq!(one.token(&token.hash).await.unwrap().as_ref(), Some(token), "{}", database.name);
            assert_eq!(other.token(&token.hash).await.unwrap(), None, "{}: another tenant", database.name);
        }
        let spend = async |tenant: &TenantStore, hash| tenant.once(async |work| work.spend_token(&hash).await).await;
        assert!(!spend(&other, [1; 32]).await, "{}: another tenant's", database.name);
        assert!(!spend(&one, [3; 32]).await, "{}: unknown", database.name);
        assert!(spend(&one, [1; 32]).await, "{}", database.name);
        assert!(!spend(&one, [1; 32]).await, "{}: spent", database.name);
        assert_eq!(one.token(&[1; 32]).await.unwrap(), None, "{}", database.name);

        let hour = plain.expires_at + Duration::from_secs(3600);
        assert_eq!(database.store.system().clean_up(hour).await.unwrap(), 0, "{}", database.name);
        assert!(one.token(&plain.hash).await.unwrap().is_some(), "{}: for the caller to tell", database.name);
        let past = hour + Duration::from_micros(1);
        assert_eq!(database.store.system().clean_up(past).await.unwrap(), 1, "{}", database.name);
        assert_eq!(one.token(&plain.hash).await.unwrap(), None, "{}", database.name);
    }
}

#[test]
fn a_one_time_token_shows_neither_its_hash_nor_its_verifier() {
    let shown = format!("{:?}", token(UserId::random(&Random::system()), [171; 32]));
    assert!(!shown.contains("171") && !shown.contains("\"verifier\""), "{shown}");
}
