//! Any series of calls leaves the users that a simple model says, with its totals and its pages. Series are drawn from a seed that a
//! failure names.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{NOBODY, id};
use crate::{
    call,
    crowd::apps,
    get, post,
    support::{Answer, TestApp},
};

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((bits ^ bits >> 31) % count as u64).unwrap()
    }
}

/// A user as far as the model knows one. All addresses are proven: nobody's is only claimed.
#[derive(Clone, Debug, Default)]
struct User {
    id: String,
    /// The main one first.
    emails: Vec<String>,
    username: Option<String>,
    name: Option<String>,
    has_password: bool,
    metadata: Map<String, Value>,
}

impl User {
    fn is_listed(&self) -> bool {
        !self.emails.is_empty() || self.username.is_some()
    }

    fn matches(&self, part: &str) -> bool {
        self.emails.iter().any(|email| email.contains(part))
            || self.username.as_ref().is_some_and(|name| name.contains(part))
    }
}

#[derive(Default)]
struct World {
    /// Oldest first.
    users: Vec<User>,
}

/// Addresses and names are few, so that many are taken.
const NAMES: usize = 8;
/// Addresses of a user at most.
const LIMIT: usize = 3;

impl World {
    fn has_email(&self, address: &str) -> bool {
        self.users.iter().any(|user| user.emails.iter().any(|own| own == address))
    }

    fn has_name(&self, name: &str, but: usize) -> bool {
        self.users.iter().enumerate().any(|(n, user)| n != but && user.username.as_deref() == Some(name))
    }

    /// One call, what it is answered, and what it changes here.
    async fn step(&mut self, app: &TestApp, dice: &mut Dice) -> (String, u16, u16) {
        let (address, name) = (format!("m{}@acme.test", dice.below(NAMES)), format!("n{}", dice.below(NAMES)));
        let kind = dice.below(9);
        if kind == 0 || self.users.is_empty() {
            return self.create(app, dice, address, name).await;
        }
        let at = dice.below(self.users.len() + 1);
        let (id, known) = self.users.get(at).map_or((NOBODY.to_owned(), false), |user| (user.id.clone(), true));
        let path = |part: &str| format!("/users/{id}{part}");
        let mut own = self.users.get(at).cloned().unwrap_or_default();
        let (what, answer, expected): (_, Answer, u16) = match kind {
            1 => {
                let answer = call(app, "DELETE", &path(""), None).await;
                if known {
                    self.users.remove(at);
                }
                return ("delete".into(), answer.status.as_u16(), if known { 204 } else { 404 });
            }
            2 => {
                let wanted = if dice.below(3) == 0 { None } else { Some(name) };
                let answer = call(app, "PATCH", &path(""), Some(json!({"username": wanted, "name": wanted}))).await;
                let taken = wanted.as_ref().is_some_and(|name| self.has_name(name, at));
                if !taken {
                    (own.username, own.name) = (wanted.clone(), wanted);
                }
                ("rename", answer, if taken { 409 } else { 200 })
            }
            3 => {
                let answer =
                    post(app, &path("/emails"), json!({"address": address.to_uppercase(), "is_verified": true})).await;
                let status = if own.emails.len() >= LIMIT {
                    409
                } else if self.has_email(&address) {
                    400
                } else {
                    201
                };
                if status == 201 {
                    own.emails.push(address);
                }
                ("add", answer, status)
            }
            4 | 5 => {
                let listed = get(app, &path("/emails")).await.json();
                let listed = listed.as_array().unwrap();
                let Some(email) = listed.get(dice.below(LIMIT)) else { return ("nothing".into(), 0, 0) };
                let address = email["address"].as_str().unwrap().to_lowercase();
                let place = own.emails.iter().position(|known| *known == address).unwrap();
                assert_eq!(email["is_primary"], place == 0);
                let one = path(&format!("/emails/{}", super::id(email)));
                if kind == 4 {
                    let answer = call(app, "DELETE", &one, None).await;
                    if place > 0 {
                        own.emails.remove(place);
                    }
                    ("remove", answer, if place > 0 { 204 } else { 409 })
                } else {
                    own.emails.swap(0, place);
                    ("main", call(app, "POST", &format!("{one}/set_primary"), None).await, 204)
                }
            }
            6 => {
                let had = std::mem::replace(&mut own.has_password, true);
                let answer = post(app, &path("/password"), json!({"hash": super::HASH})).await;
                ("password", answer, if had { 409 } else { 200 })
            }
            7 => {
                let had = std::mem::take(&mut own.has_password);
                ("no password", call(app, "DELETE", &path("/password"), None).await, if had { 204 } else { 404 })
            }
            _ => {
                let (member, value) =
                    (format!("k{}", dice.below(3)), [Value::Null, json!(1), json!("x")][dice.below(3)].clone());
                let patch = json!({"public_metadata": {&member: value}});
                if value.is_null() {
                    own.metadata.remove(&member);
                } else {
                    own.metadata.insert(member, value);
                }
                let answer = call(app, "PATCH", &path("/metadata"), Some(patch)).await;
                ("metadata", answer, if own.metadata.is_empty() { 204 } else { 200 })
            }
        };
        if known {
            self.users[at] = own;
        }
        (what.into(), answer.status.as_u16(), if known { expected } else { 404 })
    }

    async fn create(&mut self, app: &TestApp, dice: &mut Dice, address: String, name: String) -> (String, u16, u16) {
        let (with_email, with_name) = (dice.below(3) > 0, dice.below(3) > 0);
        let mut body = json!({});
        let mut new = User::default();
        if with_email {
            body["emails"] = json!([{"address": address, "is_primary": true, "is_verified": true}]);
            new.emails.push(address.clone());
        }
        if with_name {
            body["username"] = json!(name);
            new.username = Some(name.clone());
        }
        let taken = with_email && self.has_email(&address) || with_name && self.has_name(&name, usize::MAX);
        let expected = if !new.is_listed() {
            400
        } else if taken {
            409
        } else {
            200
        };
        let answer = post(app, "/users", body).await;
        if answer.status == 200 {
            new.id = id(&answer.json());
            self.users.push(new);
        }
        ("create".into(), answer.status.as_u16(), expected)
    }

    /// Everybody is as the model says, alone and in lists.
    async fn is_so(&self, app: &TestApp, dice: &mut Dice, at: &str) {
        for user in &self.users {
            let shown = get(app, &format!("/users/{}", user.id)).await.json();
            let mut emails: Vec<(bool, String)> = shown["emails"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|email| (email["is_primary"] == true, email["address"].as_str().unwrap().to_lowercase()))
                .collect();
            let mut expected: Vec<_> =
                user.emails.iter().enumerate().map(|(n, email)| (n == 0, email.clone())).collect();
            emails.sort();
            expected.sort();
            assert_eq!(emails, expected, "{at}");
            assert_eq!(shown["username"]["username"].as_str(), user.username.as_deref(), "{at}");
            assert_eq!(shown["name"].as_str(), user.name.as_deref(), "{at}");
            assert_eq!(shown.get("password").is_some(), user.has_password, "{at}");
            let metadata = shown["metadata"]["public_metadata"].as_object().cloned().unwrap_or_default();
            assert_eq!(metadata, user.metadata, "{at}");
        }
        let part = format!("{}{}", ["m", "n"][dice.below(2)], dice.below(NAMES));
        for (query, matching) in [
            ("", None),
            ("&created_after=2000-01-01T00:00:00Z", None),
            (&format!("&email={part}&username={part}"), Some(part.as_str())),
        ] {
            let per_page = 1 + dice.below(5);
            let listed: Vec<&str> = self
                .users
                .iter()
                .rev()
                .filter(|user| user.is_listed() && matching.is_none_or(|part| user.matches(part)))
                .map(|user| user.id.as_str())
                .collect();
            for page in 1..=listed.len().div_ceil(per_page) + 1 {
                let answer = get(app, &format!("/users?page={page}&per_page={per_page}{query}")).await;
                let shown: Vec<String> = answer.json().as_array().unwrap().iter().map(id).collect();
                let expected: Vec<&str> = listed.iter().skip((page - 1) * per_page).take(per_page).copied().collect();
                assert_eq!(shown, expected, "{at}: page {page} of {per_page} {query}");
                assert_eq!(answer.header("x-total-count"), listed.len().to_string(), "{at}: {query}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_random_series_of_calls_does_what_a_simple_model_says() {
    for (database, app) in apps(json!({"email": {"limit": LIMIT}})).await.into_iter().enumerate() {
        for seed in 1..=3 {
            let mut dice = Dice(seed * 31 + database as u64);
            let mut world = World::default();
            for step in 0..120 {
                app.clock.advance(Duration::from_secs(1));
                let (what, status, expected) = world.step(&app, &mut dice).await;
                let at = format!("seed {seed}, step {step}, {what}");
                assert_eq!(status, expected, "{at}: {:#?}", world.users);
                if step % 20 == 19 {
                    world.is_so(&app, &mut dice, &at).await;
                }
            }
            for user in std::mem::take(&mut world.users) {
                assert_eq!(call(&app, "DELETE", &format!("/users/{}", user.id), None).await.status, 204);
            }
            world.is_so(&app, &mut dice, "at the end").await;
        }
        app.end().await;
    }
}
