//! Lists of users, on every database, against the same done by hand.

use std::time::Duration;

use hanko_domain::{Category, EmailAddress, EmailId, Random, UserId, Username, UsernameId};
use serde_json::{Value, json};

use super::{NOW, databases::migrated, new_user, passkey, tenant};
use crate::{
    TenantStore,
    import::NewUserRows,
    listing::{
        Page, Range, UserQuery,
        pages::{SHALLOW, Scan},
    },
    metadata::Metadata,
    users::{Account, User},
};

const ALL: Page = Page { offset: 0, limit: 10_000 };

/// Adds users whose ids and times are given, each with an address.
pub(super) async fn add(tenant: &TenantStore, users: &[User], metadata: &Metadata) {
    let emails: Vec<_> = users
        .iter()
        .map(|user| {
            let address = EmailAddress::parse(&format!("{}@x.de", user.id.0.simple())).unwrap();
            [(EmailId::random(&Random::system()), address, true)]
        })
        .collect();
    let rows: Vec<_> = users
        .iter()
        .zip(&emails)
        .map(|(user, emails)| NewUserRows {
            user,
            emails,
            username: None,
            password: None,
            passkeys: &[],
            otp: None,
            metadata,
        })
        .collect();
    tenant.once(async |work| work.insert_users(&rows, NOW).await).await;
}

fn ids(accounts: &[Account]) -> Vec<UserId> {
    accounts.iter().map(|account| account.user.id).collect()
}

fn at(second: u64) -> hanko_domain::Timestamp {
    NOW + Duration::from_secs(second)
}

/// What is known of a user that is to be found or not.
struct Person {
    user: User,
    email: Option<&'static str>,
    username: Option<&'static str>,
    metadata: Option<(Category, Value)>,
}

fn people() -> Vec<Person> {
    let person = |n: u64, login: Option<u64>, email, username, metadata| {
        let id = UserId(uuid::Uuid::from_u128(u128::from(n)));
        Person {
            // Three of one moment: their ids say who comes first.
            user: User { created_at: at(n / 3), last_login_at: login.map(at), ..new_user(id, None) },
            email,
            username,
            metadata,
        }
    };
    vec![
        person(1, None, Some("jane@x.de"), Some("jane"), Some((Category::Public, json!({"plan": "gold", "n": 1})))),
        person(2, Some(1), Some("joe@y.de"), None, Some((Category::Public, json!({"plan": {"tier": "gold"}})))),
        person(3, Some(2), None, Some("jane_doe"), Some((Category::Private, json!({"plan": "gold"})))),
        person(4, Some(3), Some("j_ne@x.de"), None, Some((Category::Unsafe, json!({"a": {"b": true}, "t": ["x", 7]})))),
        person(5, None, Some("mary@x.de"), Some("mary"), None),
        person(6, Some(9), None, None, Some((Category::Public, json!({"plan": "gold"})))),
        person(7, Some(5), None, Some("zoe"), Some((Category::Public, json!({"<b>\"": "a&\u{0}b", "z": null})))),
    ]
}

async fn populate(tenant: &TenantStore) {
    for person in people() {
        let random = Random::system();
        let mut work = tenant.begin().await.unwrap();
        work.insert_user(&person.user).await.unwrap();
        if let Some(email) = person.email {
            let address = EmailAddress::parse(email).unwrap();
            work.insert_email(EmailId::random(&random), person.user.id, &address, true, NOW).await.unwrap();
        }
        if let Some(username) = person.username {
            let username = Username::parse(username).unwrap();
            work.insert_username(UsernameId::random(&random), person.user.id, &username, NOW).await.unwrap();
        }
        if let Some((category, document)) = person.metadata {
            // The form in which it is stored (`spec/admin-api.md` §6.3).
            let text = document.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
            let mut metadata = Metadata::default();
            *match category {
                Category::Public => &mut metadata.public,
                Category::Private => &mut metadata.private,
                Category::Unsafe => &mut metadata.unsafe_,
            } = Some(text);
            work.put_metadata(person.user.id, &metadata, NOW).await.unwrap();
        }
        work.commit().await.unwrap();
    }
}

fn numbered(accounts: &[Account]) -> Vec<u128> {
    accounts.iter().map(|account| account.user.id.0.as_u128()).collect()
}

#[tokio::test]
async fn a_query_finds_whom_its_conditions_describe() {
    let public = |document: Value| UserQuery { metadata: vec![(Category::Public, document)], ..UserQuery::default() };
    let own = |document: Value| UserQuery { metadata: vec![(Category::Unsafe, document)], ..UserQuery::default() };
    let part = |text: &str| Some(text.to_owned());
    let id = |n| UserId(uuid::Uuid::from_u128(n));
    let range = |from: Option<u64>, to: Option<u64>| Range { from: from.map(at), to: to.map(at) };
    let cases: Vec<(UserQuery, &[u128])> = vec![
        (UserQuery::default(), &[7, 5, 4, 3, 2, 1]),
        (UserQuery { ascending: true, ..UserQuery::default() }, &[1, 2, 3, 4, 5, 7]),
        (UserQuery { ids: vec![id(5), id(1), id(6), id(99)], ..UserQuery::default() }, &[5, 1]),
        (UserQuery { email: part("@x.de"), ..UserQuery::default() }, &[5, 4, 1]),
        (UserQuery { email: part("j_ne"), ..UserQuery::default() }, &[4, 1]),
        (UserQuery { email: part("j%@"), ..UserQuery::default() }, &[4, 2, 1]),
        (UserQuery { email: part("j\\_ne"), ..UserQuery::default() }, &[]),
        (UserQuery { email: part("e\\"), ..UserQuery::default() }, &[]),
        (UserQuery { email: part("'"), ..UserQuery::default() }, &[]),
        (UserQuery { username: part("jane"), ..UserQuery::default() }, &[3, 1]),
        (UserQuery { username: part("zoe"), ..UserQuery::default() }, &[7]),
        (UserQuery { email: part("joe"), username: part("jane"), ..UserQuery::default() }, &[3, 2, 1]),
        (
            UserQuery { email: part("x.de"), username: part("mary"), ids: vec![id(5), id(3)], ..UserQuery::default() },
            &[5],
        ),
        (UserQuery { created: range(Some(1), None), ..UserQuery::default() }, &[7, 5, 4, 3]),
        (UserQuery { created: range(Some(1), Some(2)), ascending: true, ..UserQuery::default() }, &[3, 4, 5]),
        (UserQuery { last_login: range(Some(1), Some(3)), ..UserQuery::default() }, &[3, 2]),
        (UserQuery { last_login: range(None, Some(9)), ..UserQuery::default() }, &[7, 4, 3, 2]),
        (public(json!({"plan": "gold"})), &[1]),
        (public(json!({"plan": "gold", "n": 1.0})), &[1]),
        (public(json!({"plan": "gold", "n": 2})), &[]),
        (public(json!({"plan": "Gold"})), &[]),
        (public(json!({"n": "1"})), &[]),
        (public(json!({"n": true})), &[]),
        (public(json!({"plan": {"tier": "gold"}})), &[2]),
        (public(json!({"<b>\"": "a&\u{0}b"})), &[7]),
        (public(json!({"z": null})), &[7]),
        (public(json!({"absent": null})), &[]),
        (own(json!({"a": {"b": true}})), &[4]),
        (own(json!({"a": {"b": 1}})), &[]),
        (own(json!({"t": "x"})), &[4]),
        (own(json!({"t": 7})), &[4]),
        (own(json!({"t": "7"})), &[]),
        (public(json!("gold")), &[]),
        (public(json!(["gold"])), &[]),
        (public(json!({})), &[7, 5, 4, 3, 2, 1]),
    ];
    for database in migrated().await {
        let (tenant, other) = (tenant(&database).await, tenant(&database).await);
        populate(&tenant).await;
        for (query, expected) in &cases {
            let found = tenant.list_users(query, ALL).await.unwrap();
            assert_eq!(numbered(&found), *expected, "{}: {query:?}", database.name);
            let count = u64::try_from(expected.len()).unwrap();
            assert_eq!(tenant.count_users(query).await.unwrap(), count, "{}: {query:?}", database.name);
            assert!(other.list_users(query, ALL).await.unwrap().is_empty(), "{}: another tenant", database.name);
        }
    }
}

/// Every text that can be built, with conditions that everybody meets.
#[tokio::test]
async fn conditions_go_together_in_every_way() {
    let range = Range { from: Some(at(0)), to: Some(at(100)) };
    let id = |n| UserId(uuid::Uuid::from_u128(n));
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let user = User { last_login_at: Some(NOW), ..new_user(id(1), None) };
        tenant.once(async |work| work.insert_user(&user).await).await;
        tenant.name(id(1), "jane").await.unwrap();
        let full = |text: &str| Some(text.to_owned());
        let metadata =
            Metadata { public: full(r#"{"a":1}"#), private: full(r#"{"a":1}"#), unsafe_: full(r#"{"a":1}"#) };
        tenant.once(async |work| work.put_metadata(id(1), &metadata, NOW).await).await;
        let page = Page { offset: 0, limit: 1 };
        for conditions in 0..128_u32 {
            let has = |bit: u32| conditions & (1 << bit) != 0;
            let query = UserQuery {
                ids: if has(0) { vec![id(1), id(2)] } else { Vec::new() },
                email: has(1).then(|| "x".to_owned()),
                username: has(2).then(|| "an".to_owned()),
                metadata: Category::ALL.into_iter().filter(|_| has(3)).map(|one| (one, json!({"a": 1}))).collect(),
                created: if has(4) { range } else { Range::default() },
                last_login: if has(5) { range } else { Range::default() },
                ascending: has(6),
            };
            // A part of an address alone is one that nobody has.
            let expected = u64::from(!has(1) || has(2));
            assert_eq!(tenant.count_users(&query).await.unwrap(), expected, "{}: {query:?}", database.name);
            let found = tenant.list_users(&query, page).await.unwrap().len();
            assert_eq!(found as u64, expected, "{}: {query:?}", database.name);
            for built in [tenant.count(&query), tenant.page(&query, &Scan::plain(query.ascending, page))] {
                assert!(built.sql.contains("tenant_id = "), "{}", built.sql);
            }
        }
    }
}

#[tokio::test]
async fn a_list_shows_addresses_credentials_and_username_and_nothing_else() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        populate(&tenant).await;
        let (jane, key) = (UserId(uuid::Uuid::from_u128(1)), passkey(UserId(uuid::Uuid::from_u128(1)), vec![1]));
        tenant.once(async |work| work.insert_passkey(&key).await).await;
        let listed = tenant.list_users(&UserQuery::default(), ALL).await.unwrap();
        for found in listed {
            let whole = tenant.account(found.user.id).await.unwrap().unwrap();
            assert_eq!(found.passkeys.len(), usize::from(found.user.id == jane), "{}", database.name);
            assert_eq!(
                found,
                Account { password: None, otp: None, metadata: Metadata::default(), ..whole },
                "{}",
                database.name
            );
        }
    }
}

/// Pages far from both ends are read from places that are remembered; what they hold is what a list read as a whole holds there.
#[tokio::test]
async fn a_page_holds_what_the_whole_list_holds_there_while_users_come_and_go() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let random = Random::system();
        let deep = 3 * SHALLOW;
        let users: Vec<User> =
            (0..deep).map(|n| User { created_at: at(n / 7), ..new_user(UserId::random(&random), None) }).collect();
        add(&tenant, &users, &Metadata::default()).await;
        let later = new_user(UserId::random(&random), None);
        for round in 0..4_u64 {
            match round {
                1 => {
                    let newest = User { created_at: at(deep), updated_at: at(deep), ..later.clone() };
                    tenant.once(async |work| work.insert_user(&newest).await).await;
                    tenant.name(newest.id, "newest").await.unwrap();
                }
                2 => assert!(tenant.once(async |work| work.delete_user(users[1500].id).await).await),
                3 => {
                    let older = User { created_at: at(100), ..new_user(UserId::random(&random), None) };
                    add(&tenant, &[older], &Metadata::default()).await;
                }
                _ => {}
            }
            for ascending in [false, true] {
                let query = UserQuery { ascending, ..UserQuery::default() };
                let whole = ids(&tenant.list_users(&query, ALL).await.unwrap());
                assert_eq!(whole.len() as u64, tenant.count_users(&query).await.unwrap(), "{}", database.name);
                for (offset, limit) in [
                    (1490, 20),
                    (1510, 20),
                    (1530, 20),
                    (1510, 20),
                    (1490, 20),
                    (1470, 1),
                    (1469, 1),
                    (1400, 300),
                    (999, 2),
                    (1001, 20),
                    (2990, 20),
                    (2980, 10),
                    (3010, 20),
                    (0, 20),
                ] {
                    let page = ids(&tenant.list_users(&query, Page { offset, limit }).await.unwrap());
                    let slice: Vec<_> = whole.iter().copied().skip(offset as usize).take(limit as usize).collect();
                    assert_eq!(page, slice, "{}: {round} {ascending} {offset} {limit}", database.name);
                }
            }
        }
    }
}
