//! The project of these tests as its people and its administrators reach it.

use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::{
    program::Program,
    support::{Answer, Prepared, send},
};

/// Made elsewhere: the test vector of the crypt_blowfish distribution.
pub const HASH: &str = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
/// What it is of.
const PASSWORD: &str = "U*U";

/// Its process.
#[derive(Clone)]
pub struct Tenant {
    pub http: Client,
    pub process: u32,
    public: String,
    admin: String,
    key: String,
}

/// Passwords are all it takes to sign in, and nobody is stopped for coming often.
pub fn spec() -> Value {
    json!({"settings": {"rateLimiter": {"enabled": false}, "mfa": {"enabled": false}}})
}

impl Tenant {
    pub fn of(program: &Program, prepared: &Prepared) -> Self {
        let key = std::fs::read_to_string(prepared.sources().secrets.join("tenants/acme-admin-key/key")).unwrap();
        Self {
            http: Client::builder().no_proxy().build().unwrap(),
            process: program.child.id(),
            public: format!("http://{}", program.public),
            admin: format!("http://{}", program.admin),
            key: key.trim().to_owned(),
        }
    }

    /// A call of the Admin API.
    pub fn admin(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.admin)).bearer_auth(&self.key)
    }

    pub async fn get(&self, path: &str) -> Answer {
        send(self.admin(Method::GET, path)).await
    }

    /// How many users it says there are.
    pub async fn total(&self) -> u64 {
        self.get("/users?per_page=1").await.header("x-total-count").parse().unwrap()
    }

    /// A request of somebody who is signed in.
    pub fn signed_in(&self, cookie: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.post(format!("{}{path}", self.public)).header("Cookie", cookie)
    }

    /// Makes a user with a password, and tells its id.
    pub async fn join(&self, address: &str) -> String {
        let body = json!({"emails": [{"address": address, "is_primary": true, "is_verified": true}]});
        let answer = send(self.admin(Method::POST, "/users").json(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.json()["id"].as_str().unwrap().to_owned();
        let path = format!("/users/{id}/password");
        let answer = send(self.admin(Method::POST, &path).json(&json!({"hash": HASH}))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        id
    }

    /// Signs somebody in, with how long it took; `None` when the process does not answer.
    pub async fn log_in(&self, id: &str) -> Option<(Answer, Duration)> {
        let began = Instant::now();
        let body = json!({"user_id": id, "password": PASSWORD});
        let response = self.http.post(format!("{}/password/login", self.public)).json(&body).send().await.ok()?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.ok()?.to_vec();
        Some((Answer { status, headers, body }, began.elapsed()))
    }
}
