//! Which RP ID a tenant is served under, and what belongs to another one, on every database.

use hanko_domain::Passkey;

use super::{
    databases::{empty, migrated},
    passkey,
    schema::user_of_the_release_before,
    tenant, user,
};
use crate::{migrate::MIGRATIONS, relying_parties::Credentials};

fn credentials(rp_id: &str, passkeys: u64, security_keys: u64) -> Credentials {
    Credentials { rp_id: rp_id.into(), passkeys, security_keys }
}

#[tokio::test]
async fn credentials_of_other_rp_ids_are_counted_by_rp_id_and_kind() {
    for database in migrated().await {
        let (own, other) = (tenant(&database).await, tenant(&database).await);
        for tenant in [&own, &other] {
            let jane = user(tenant, "jane@x.de").await;
            let of =
                |id: u8, rp_id: &str, mfa_only| Passkey { rp_id: rp_id.into(), mfa_only, ..passkey(jane, vec![id]) };
            tenant
                .once(async |work| {
                    for (id, rp_id, mfa_only) in [
                        (1, "a.x.de", false),
                        (2, "a.x.de", false),
                        (3, "a.x.de", true),
                        (4, "x.de", false),
                        (5, "y.de", true),
                    ] {
                        work.insert_passkey(&of(id, rp_id, mfa_only)).await?;
                    }
                    Ok(())
                })
                .await;
        }
        let name = database.name;
        let elsewhere = async |rp_id: &str| own.credentials_elsewhere(rp_id).await.unwrap();
        assert_eq!(elsewhere("x.de").await, [credentials("a.x.de", 2, 1), credentials("y.de", 0, 1)], "{name}");
        assert_eq!(elsewhere("a.x.de").await, [credentials("x.de", 1, 0), credentials("y.de", 0, 1)], "{name}");
        assert_eq!(elsewhere("de").await.len(), 3, "{name}");
        assert_eq!(tenant(&database).await.credentials_elsewhere("x.de").await.unwrap(), [], "{name}");
    }
}

#[tokio::test]
async fn a_tenant_remembers_the_rp_id_it_was_last_served_under() {
    for database in migrated().await {
        let (own, other) = (tenant(&database).await, tenant(&database).await);
        assert_eq!(own.relying_party().await.unwrap(), None, "{}", database.name);
        for rp_id in ["x.de", "a.x.de"] {
            own.once(async |work| work.put_relying_party(rp_id).await).await;
            assert_eq!(own.relying_party().await.unwrap().as_deref(), Some(rp_id), "{}", database.name);
        }
        assert_eq!(other.relying_party().await.unwrap(), None, "{}", database.name);
    }
}

#[tokio::test]
async fn a_tenant_of_the_release_before_was_served_under_the_rp_id_of_its_newest_credential() {
    for database in empty().await {
        database.store.apply(&MIGRATIONS[..3]).await.unwrap();
        let (own, bare) = (tenant(&database).await, tenant(&database).await);
        let jane = user_of_the_release_before(&database, &own).await;
        own.once(async |work| {
            work.insert_passkey(&Passkey { rp_id: "x.de".into(), ..passkey(jane, vec![1]) }).await?;
            let newest = passkey(jane, vec![2]);
            let created_at = newest.created_at + std::time::Duration::from_secs(1);
            work.insert_passkey(&Passkey { rp_id: "a.x.de".into(), created_at, ..newest }).await?;
            work.insert_passkey(&Passkey { rp_id: "x.de".into(), ..passkey(jane, vec![3]) }).await
        })
        .await;
        database.store.migrate().await.unwrap();
        assert_eq!(own.relying_party().await.unwrap().as_deref(), Some("a.x.de"), "{}", database.name);
        assert_eq!(bare.relying_party().await.unwrap(), None, "{}", database.name);
    }
}
