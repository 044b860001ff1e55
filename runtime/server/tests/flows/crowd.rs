//! Many requests at once, on SQLite and on PostgreSQL.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{
    browser::PAGE,
    support::{Answer, Flow, TestApp, send},
};

/// The settings of these tests; nobody is stopped for coming often.
pub fn spec(settings: Value) -> Value {
    let mut spec = json!({"hosts": ["auth.acme.test"], "publicUrl": null, "origins": [PAGE], "settings": settings});
    spec["settings"]["rateLimiter"] = json!({"enabled": false});
    spec
}

/// A database of its own on the server that the tests are given; `None` without one.
pub async fn postgres() -> Option<String> {
    let Ok(server) = std::env::var("HANKO_TEST_POSTGRES_URL") else {
        assert!(std::env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_none(), "HANKO_TEST_POSTGRES_URL is not set");
        return None;
    };
    let name = format!("t{}", hanko_domain::Random::system().uuid_v4().simple());
    let mut connection = PgConnection::connect(&server).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&name);
    Some(url.into())
}

pub async fn on_postgres(mut spec: Value, url: &str) -> TestApp {
    spec["database"] = json!({"postgres": {"urlRef": {"name": "db", "key": "url"}}});
    let prepared = TestApp::prepare(spec).await;
    prepared.secret("db", "url", url);
    // Both processes of a project read one Secret.
    prepared.secret("acme-keys", "k1", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    prepared.run(Default::default()).await
}

/// One process for each database there is.
pub async fn apps(settings: Value) -> Vec<TestApp> {
    let mut apps = vec![TestApp::with(spec(settings.clone())).await];
    if let Some(url) = postgres().await {
        apps.push(on_postgres(spec(settings), &url).await);
    }
    apps
}

/// A request ready to be sent, as often as wanted.
pub struct Prepared {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Value,
}

impl Prepared {
    /// The request, to be sent to this process.
    pub fn request(&self, app: &TestApp) -> reqwest::RequestBuilder {
        let request = app.http.post(&self.url).json(&self.body);
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

pub fn prepare(app: &TestApp, flow: &Flow<'_>, action: &str, inputs: Value) -> Prepared {
    let document = flow.document();
    let href = document["actions"][action]["href"].as_str().unwrap_or_else(|| panic!("no {action} in {document:#}"));
    let body = json!({"input_data": inputs, "csrf_token": document["csrf_token"]});
    Prepared { url: app.url(href), headers: flow.headers.clone(), body }
}

/// Sends all at once, and tells how often each outcome came: status, state, and the code of what was wrong with an input.
pub async fn at_once(app: &TestApp, requests: impl IntoIterator<Item = &Prepared>) -> BTreeMap<(u16, String), usize> {
    let sent: Vec<_> = requests.into_iter().map(|request| tokio::spawn(send(request.request(app)))).collect();
    let mut outcomes = BTreeMap::new();
    for answer in sent {
        let answer = answer.await.unwrap();
        *outcomes.entry((answer.status.as_u16(), told(&answer))).or_default() += 1;
    }
    outcomes
}

/// The state where all went well, else the code of the error, of the input where one was wrong.
pub fn told(answer: &Answer) -> String {
    let document = answer.json();
    if let Some(code) = document["error"]["code"].as_str() {
        let inputs = document["actions"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|action| action["inputs"].as_object().unwrap().values());
        let input = inputs.filter_map(|input| input["error"]["code"].as_str()).next();
        return input.unwrap_or(code).to_owned();
    }
    document["name"].as_str().unwrap().to_owned()
}

pub fn outcomes<const N: usize>(expected: [(u16, &str, usize); N]) -> BTreeMap<(u16, String), usize> {
    expected.into_iter().map(|(status, told, count)| ((status, told.to_owned()), count)).collect()
}
