//! Keys of the Admin API, on every database.

use std::time::Duration;

use hanko_domain::{ApiKeyId, ApiScope, Random};

use super::{NOW, databases::migrated, tenant};
use crate::{StoreError, api_keys::ApiKey};

fn key(name: &str) -> ApiKey {
    ApiKey {
        id: ApiKeyId::random(&Random::system()),
        name: name.into(),
        scopes: vec![ApiScope::Read, ApiScope::Users],
        created_by: "generated".into(),
        created_at: NOW,
        expires_at: None,
        previous_until: None,
    }
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_until_it_ends_or_is_removed() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let end = NOW + Duration::from_secs(60);
        let (lasting, ending) = (key("a"), ApiKey { expires_at: Some(end), scopes: vec![ApiScope::All], ..key("b") });
        one.once(async |work| work.insert_api_key(&lasting, &[1; 32]).await).await;
        one.once(async |work| work.insert_api_key(&ending, &[2; 32]).await).await;
        let found = async |hash, now| one.api_key_by_hash(&hash, now).await.unwrap();
        assert_eq!(found([1; 32], end).await.as_ref(), Some(&lasting), "{}", database.name);
        assert_eq!(found([2; 32], NOW).await.as_ref(), Some(&ending), "{}", database.name);
        assert_eq!(found([2; 32], end).await, None, "{}: it has ended", database.name);
        assert_eq!(found([3; 32], NOW).await, None, "{}: unknown", database.name);
        assert_eq!(other.api_key_by_hash(&[1; 32], NOW).await.unwrap(), None, "{}: another tenant", database.name);
        assert_eq!(one.api_keys().await.unwrap().len(), 2, "{}", database.name);

        let mut work = one.begin().await.unwrap();
        let twice = work.insert_api_key(&key("c"), &[1; 32]).await;
        assert!(matches!(twice, Err(StoreError::Conflict)), "{}: {twice:?}", database.name);
        work.rollback().await.unwrap();
        other.once(async |work| work.insert_api_key(&key("c"), &[1; 32]).await).await;

        assert!(!other.once(async |work| work.delete_api_key(lasting.id).await).await, "{}", database.name);
        assert!(one.once(async |work| work.delete_api_key(lasting.id).await).await, "{}", database.name);
        assert!(!one.once(async |work| work.delete_api_key(lasting.id).await).await, "{}: gone", database.name);
        assert_eq!(found([1; 32], NOW).await, None, "{}", database.name);
        assert_eq!(one.api_keys().await.unwrap(), [ending], "{}", database.name);
    }
}

#[tokio::test]
async fn after_a_rotation_both_values_are_good_until_the_overlap_ends() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let key = key("a");
        tenant.once(async |work| work.insert_api_key(&key, &[1; 32]).await).await;
        let until = NOW + Duration::from_secs(60);
        let rotate = async |hash| tenant.once(async |work| work.rotate_api_key(key.id, &hash, until).await).await;
        assert!(rotate([2; 32]).await, "{}", database.name);
        let good = async |hash, now| tenant.api_key_by_hash(&hash, now).await.unwrap().is_some();
        assert_eq!((good([1; 32], NOW).await, good([2; 32], NOW).await), (true, true), "{}", database.name);
        assert_eq!((good([1; 32], until).await, good([2; 32], until).await), (false, true), "{}", database.name);
        let rotated = ApiKey { previous_until: Some(until), ..key.clone() };
        assert_eq!(tenant.api_keys().await.unwrap(), [rotated], "{}", database.name);
        assert!(rotate([3; 32]).await, "{}", database.name);
        assert!(!good([1; 32], NOW).await, "{}: one before at most", database.name);
        assert!(good([2; 32], NOW).await, "{}", database.name);
        let unknown = ApiKeyId::random(&Random::system());
        assert!(!tenant.once(async |work| work.rotate_api_key(unknown, &[4; 32], until).await).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_uses_of_a_key_the_last_one_is_remembered() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        let (key, file) = (key("a"), ApiKeyId::random(&Random::system()));
        one.once(async |work| work.insert_api_key(&key, &[1; 32]).await).await;
        let uses: Vec<_> = [3, 9, 1, 4, 9, 2]
            .into_iter()
            .map(|second| {
                let one = one.clone();
                tokio::spawn(async move { one.note_api_key_use(key.id, NOW + Duration::from_secs(second)).await })
            })
            .collect();
        for one in uses {
            one.await.unwrap().unwrap();
        }
        one.note_api_key_use(file, NOW).await.unwrap();
        let mut known = one.api_key_uses().await.unwrap();
        known.sort_by_key(|(_, at)| *at);
        assert_eq!(known, [(file, NOW), (key.id, NOW + Duration::from_secs(9))], "{}", database.name);
        assert_eq!(other.api_key_uses().await.unwrap(), [], "{}", database.name);
        one.once(async |work| work.delete_api_key(key.id).await).await;
        assert_eq!(one.api_key_uses().await.unwrap(), [(file, NOW)], "{}: goes with its key", database.name);
    }
}
