//! Many new users at once, on every database.

use std::time::Duration;

use hanko_domain::{
    CredentialId, EmailAddress, EmailId, OtpSecretId, Passkey, PasswordId, Random, Secret, UserId, Username, UsernameId,
};

use super::{NOW, databases::migrated, new_user, passkey, tenant, user};
use crate::{
    StoreError, TenantStore, Unique,
    import::{Had, NewPassword, NewUserRows, Wanted},
    metadata::Metadata,
    otp_secrets::OtpSecret,
    users::{Profile, User},
};

/// What a new user consists of.
struct New {
    user: User,
    emails: Vec<(EmailId, EmailAddress, bool)>,
    username: Option<(UsernameId, Username)>,
    password: Option<PasswordId>,
    passkeys: Vec<Passkey>,
    otp: Option<OtpSecret>,
    metadata: Metadata,
}

/// The `n`th of many: with more or less of everything.
fn new(n: u8) -> New {
    let random = Random::system();
    let id = UserId::random(&random);
    let emails: Vec<_> = (0..n % 3)
        .map(|m| (EmailId::random(&random), EmailAddress::parse(&format!("U{n}.{m}@x.de")).unwrap(), m == 0))
        .collect();
    let sealed = format!("sealed {n}");
    New {
        user: User {
            primary_email: emails.first().map(|(id, ..)| *id),
            created_at: NOW - Duration::from_secs(n.into()),
            last_login_at: n.is_multiple_of(2).then_some(NOW),
            profile: Profile { name: Some(format!("Ü {n}")), ..Profile::default() },
            ..new_user(id, None)
        },
        emails,
        username: (!n.is_multiple_of(4))
            .then(|| (UsernameId::random(&random), Username::parse(&format!("u_{n}")).unwrap())),
        password: (n % 2 == 1).then(|| PasswordId::random(&random)),
        passkeys: (0..n % 2).map(|_| passkey(id, vec![n, 0])).collect(),
        otp: n.is_multiple_of(5).then(|| OtpSecret {
            id: OtpSecretId::random(&random),
            user: id,
            sealed,
            last_step: Some(n.into()),
            created_at: NOW,
        }),
        metadata: Metadata { public: n.is_multiple_of(7).then(|| format!("{{\"n\":{n}}}")), ..Metadata::default() },
    }
}

impl New {
    fn rows(&self) -> NewUserRows<'_> {
        let password = |id| {
            let hash = Secret::new(format!("hash of {id:?}"));
            NewPassword { id, hash, created_at: NOW, updated_at: NOW + Duration::from_secs(1) }
        };
        NewUserRows {
            user: &self.user,
            emails: &self.emails,
            username: self.username.as_ref().map(|(id, username)| (*id, username)),
            password: self.password.map(password),
            passkeys: &self.passkeys,
            otp: self.otp.as_ref(),
            metadata: &self.metadata,
        }
    }
}

async fn import(tenant: &TenantStore, new: &[New]) -> Result<(), StoreError> {
    let rows: Vec<_> = new.iter().map(New::rows).collect();
    let mut work = tenant.begin().await?;
    match work.insert_users(&rows, NOW).await {
        Ok(()) => work.commit().await,
        Err(error) => work.rollback().await.and(Err(error)),
    }
}

#[tokio::test]
async fn every_user_of_a_batch_comes_with_all_that_belongs_to_it() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let batch: Vec<New> = (0..137).map(new).collect();
        import(&tenant, &batch).await.unwrap();
        import(&tenant, &[]).await.unwrap();
        for one in &batch {
            let account = tenant.account(one.user.id).await.unwrap().unwrap();
            assert_eq!(account.user, one.user, "{}", database.name);
            let emails: Vec<_> =
                one.emails.iter().map(|(id, address, verified)| (*id, address.as_str(), *verified)).collect();
            let mut stored: Vec<_> =
                account.emails.iter().map(|email| (email.id, email.address.as_str(), email.verified)).collect();
            stored.sort_by_key(|(_, address, _)| *address);
            assert_eq!(stored, emails, "{}", database.name);
            let username = account.username.as_ref().map(|stored| (stored.id, stored.username.as_str()));
            assert_eq!(username, one.username.as_ref().map(|(id, name)| (*id, name.as_str())), "{}", database.name);
            let password = account.password.as_ref().map(|password| password.id);
            assert_eq!(password, one.password, "{}", database.name);
            if let Some(id) = one.password {
                let hash = tenant.password_of(one.user.id).await.unwrap().unwrap();
                assert_eq!(hash.expose(), &format!("hash of {id:?}"), "{}", database.name);
            }
            assert_eq!(account.passkeys, one.passkeys, "{}", database.name);
            assert_eq!(tenant.otp_secret(one.user.id).await.unwrap(), one.otp, "{}", database.name);
            assert_eq!(account.metadata, one.metadata, "{}", database.name);
        }
        let named = batch.iter().filter(|one| !one.emails.is_empty() || one.username.is_some()).count();
        assert_eq!(tenant.counted().await, named as u64, "{}", database.name);
        let last = batch.iter().find(|one| one.username.is_some() && one.emails.is_empty()).unwrap();
        assert!(tenant.once(async |work| work.delete_username(last.user.id).await).await, "{}", database.name);
        assert_eq!(tenant.counted().await, named as u64 - 1, "{}", database.name);
    }
}

#[tokio::test]
async fn a_batch_with_something_that_somebody_has_is_refused_as_a_whole_and_says_what() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let first = new(11);
        import(&tenant, std::slice::from_ref(&first)).await.unwrap();
        let fresh = || New { user: User { primary_email: None, ..new(12).user }, ..new(12) };
        let email = vec![(EmailId::random(&Random::system()), EmailAddress::parse("u11.0@X.de").unwrap(), true)];
        let username = Some((UsernameId::random(&Random::system()), Username::parse("U_11").unwrap()));
        let passkeys = |id| vec![passkey(id, vec![11, 0])];
        let mut stolen = fresh();
        stolen.passkeys = passkeys(stolen.user.id);
        let same_id = New { user: first.user.clone(), emails: vec![], username: None, ..new(12) };
        for (taken, what) in [
            (New { emails: email, ..fresh() }, Some(Unique::Email)),
            (New { username, ..fresh() }, Some(Unique::Username)),
            (stolen, Some(Unique::Passkey)),
            (same_id, None),
        ] {
            let refused = import(&tenant, &[new(13), taken]).await.unwrap_err();
            match (what, &refused) {
                (Some(what), StoreError::Taken(taken)) => assert_eq!(*taken, what, "{}", database.name),
                (None, StoreError::Conflict) => {}
                _ => panic!("{}: {what:?}: {refused:?}", database.name),
            }
            assert_eq!(tenant.counted().await, 1, "{}: nobody of it", database.name);
        }
    }
}

#[tokio::test]
async fn of_all_that_is_wanted_it_is_told_what_somebody_has() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let jane = user(&one, "Jane@x.de").await;
        one.name(jane, "jane").await.unwrap();
        one.once(async |work| work.insert_passkey(&passkey(jane, vec![1, 2])).await).await;
        let emails: Vec<_> = (0..600).map(|n| EmailAddress::parse(&format!("u{n}@x.de")).unwrap()).collect();
        let hers = EmailAddress::parse("JANE@x.de").unwrap();
        let names = ["Jane", "joe"].map(|name| Username::parse(name).unwrap());
        let keys = [CredentialId(vec![1, 2]), CredentialId(vec![1])];
        let wanted = Wanted {
            users: vec![jane, UserId::random(&Random::system())],
            emails: emails.iter().chain([&hers]).collect(),
            usernames: names.iter().collect(),
            passkeys: keys.iter().collect(),
        };
        let had = Had {
            users: [jane].into(),
            emails: ["jane@x.de".to_owned()].into(),
            usernames: ["jane".to_owned()].into(),
            passkeys: [CredentialId(vec![1, 2])].into(),
        };
        assert_eq!(one.had(&wanted).await.unwrap(), had, "{}", database.name);
        assert_eq!(other.had(&wanted).await.unwrap(), Had::default(), "{}: another tenant", database.name);
        assert_eq!(one.had(&Wanted::default()).await.unwrap(), Had::default(), "{}", database.name);
    }
}
