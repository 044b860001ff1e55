//! What `/metrics` tells, and that Prometheus understands it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "only tests call this"
)]

mod support;

use std::{
    collections::BTreeSet,
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use support::{Flow, TestApp, passcodes_only, send};

/// Where the rules lie.
fn monitoring() -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../config/monitoring")
}

/// Debian's Prometheus, installed by `e2e/setup.sh`. Where it is missing there is nothing to test with, unless the whole is tested.
fn installed() -> bool {
    let there = Command::new("promtool").arg("--version").output().is_ok();
    assert!(
        there || std::env::var_os("HANKO_TEST_REQUIRE_DATABASES").is_none(),
        "promtool is missing; run e2e/setup.sh"
    );
    there
}

fn promtool(arguments: &[&str], input: &str) -> Output {
    let mut promtool = Command::new("promtool")
        .args(arguments)
        .current_dir(monitoring())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    promtool.wait_with_output().unwrap()
}

async fn page(app: &TestApp) -> String {
    app.get_admin("/metrics").await.text()
}

/// The value of a series, 0 when there is none.
async fn value(app: &TestApp, series: &str) -> f64 {
    let page = page(app).await;
    page.lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))
        .map_or(0.0, |value| value.parse().unwrap())
}

/// Signs in with a code from a mail; every code of `wrong` is tried before.
async fn log_in(app: &TestApp, address: &str, wrong: &[&str]) {
    let mut flow = Flow::begin(app, "/login").await;
    flow.act("register_client_capabilities", json!({"webauthn_available": false})).await;
    flow.act("continue_with_login_identifier", json!({"email": address})).await;
    let code = app.mailbox.take(address).await.code();
    for wrong in wrong {
        flow.act("verify_passcode", json!({"code": wrong})).await;
    }
    app.clock.advance(Duration::from_secs(25));
    flow.act("verify_passcode", json!({"code": code})).await;
    assert_eq!(flow.state(), "success", "{:#}", flow.document());
}

#[tokio::test]
async fn logins_and_registrations_are_counted_with_their_outcome_and_time() {
    let app = TestApp::with(passcodes_only()).await;
    app.sign_up("jane@acme.test").await;
    log_in(&app, "jane@acme.test", &["wrong1"]).await;
    for (series, expected) in [
        ("hanko_registrations_total", 1.0),
        ("hanko_logins_total{method=\"otp\",outcome=\"success\"}", 1.0),
        ("hanko_logins_total{method=\"otp\",outcome=\"failure\"}", 1.0),
        ("hanko_flow_duration_seconds_bucket{flow=\"registration\",le=\"1\"}", 1.0),
        ("hanko_flow_duration_seconds_bucket{flow=\"login\",le=\"20\"}", 0.0),
        ("hanko_flow_duration_seconds_bucket{flow=\"login\",le=\"30\"}", 1.0),
        ("hanko_flow_duration_seconds_sum{flow=\"login\"}", 25.0),
        ("hanko_sessions_created_total{flow=\"login\",method=\"otp\"}", 1.0),
        ("hanko_sessions_active", 2.0),
        ("hanko_password_hashes{state=\"waiting\"}", 0.0),
        ("hanko_database_connections_limit", 4.0),
    ] {
        assert!((value(&app, series).await - expected).abs() < f64::EPSILON, "{series} in {}", page(&app).await);
    }
    app.end().await;
}

#[tokio::test]
async fn upstreams_series_are_told_with_its_patterns_and_known_hosts_alone() {
    let app = TestApp::start().await;
    let known = [("Host", "AUTH.acme.localhost:8000")];
    app.get_with("/.well-known/jwks.json", &known).await;
    app.get_with("/users/00000000-0000-0000-0000-000000000001", &known).await;
    app.get_with("/a/path/of/my/own", &[("Host", "evil.test")]).await;
    send(app.request(Method::from_bytes(b"BREW").unwrap(), "/login")).await;
    send(app.http.get(app.admin_url("/admin/health/alive"))).await;
    let page = page(&app).await;
    for labels in [
        "code=\"200\",host=\"auth.acme.localhost\",method=\"GET\",url=\"/.well-known/jwks.json\"",
        "code=\"401\",host=\"auth.acme.localhost\",method=\"GET\",url=\"/users/:id\"",
        "code=\"404\",host=\"\",method=\"GET\",url=\"/*\"",
        "code=\"405\",host=\"\",method=\"other\",url=\"/login\"",
        "code=\"200\",host=\"\",method=\"GET\",url=\"/health/alive\"",
    ] {
        for series in [
            "hanko_requests_total",
            "hanko_request_duration_seconds_count",
            "hanko_request_size_bytes_count",
            "hanko_response_size_bytes_count",
        ] {
            assert!(page.contains(&format!("\n{series}{{{labels}}} 1\n")), "{series}{{{labels}}} in {page}");
        }
    }
    assert!(!["evil", "BREW", "my/own", "0000-0000"].iter().any(|sent| page.contains(sent)), "{page}");
    app.end().await;
}

#[tokio::test]
async fn the_page_is_there_while_the_database_is_not() {
    let database = json!({"postgres": {"urlRef": {"name": "database", "key": "url"}}});
    let prepared = TestApp::prepare(json!({"database": database})).await;
    prepared.secret("database", "url", "postgres://nobody@127.0.0.1:1/none");
    let app = prepared.begin(hanko_server::Limits::default()).await.unwrap().may_leave_deliveries();
    assert!(page(&app).await.contains("\nhanko_tenants{state=\"serving\"} 0\n"));
    app.end().await;
}

#[tokio::test]
async fn the_page_waits_little_for_a_database_that_hangs_and_tells_what_it_knew() {
    let Ok(server) = std::env::var("HANKO_TEST_POSTGRES_URL") else { return };
    let name = format!("metrics_{}", std::process::id());
    execute(&server, format!("CREATE DATABASE {name}")).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut through: url::Url = server.parse().unwrap();
    let target = format!("{}:{}", through.host_str().unwrap(), through.port().unwrap_or(5432));
    through.set_host(Some("127.0.0.1")).unwrap();
    through.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
    through.set_path(&name);
    let (hang, hangs) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (target, mut hangs) = (target.clone(), hangs.clone());
            tokio::spawn(async move {
                hangs.wait_for(|hangs| !hangs).await.unwrap();
                let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
                    _ = hangs.wait_for(|hangs| *hangs) => {}
                }
                // Open, and silent, until all is well again.
                let _ = hangs.wait_for(|hangs| !hangs).await;
            });
        }
    });
    let mut spec = passcodes_only();
    spec["database"] = json!({"postgres": {"urlRef": {"name": "database", "key": "url"}}});
    let prepared = TestApp::prepare(spec).await;
    prepared.secret("database", "url", through.as_str());
    let app = prepared.run(hanko_server::Limits::default()).await;
    app.sign_up("jane@acme.test").await;
    app.until_delivered().await;
    assert!((value(&app, "hanko_sessions_active").await - 1.0).abs() < f64::EPSILON);
    hang.send(true).unwrap();
    let begun = std::time::Instant::now();
    let page = page(&app).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(
        page.contains("\nhanko_sessions_active 1\n") && page.contains("\nhanko_database_connections_limit "),
        "{page}"
    );
    hang.send(false).unwrap();
    app.end().await;
    execute(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
}

async fn execute(server: &str, statement: String) {
    use sqlx::{Connection, Executor};
    let mut connection = sqlx::PgConnection::connect(server).await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(statement)).await.unwrap();
    connection.close().await.unwrap();
}

#[test]
fn the_rules_are_right() {
    if !installed() {
        return;
    }
    for arguments in [["check", "rules", "rules.yaml"], ["test", "rules", "rules.test.yaml"]] {
        let told = promtool(&arguments, "");
        assert!(
            told.status.success(),
            "{}{}",
            String::from_utf8_lossy(&told.stdout),
            String::from_utf8_lossy(&told.stderr)
        );
    }
}

/// Names of ours in a text.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("hanko_") || word.starts_with("process_")).map(str::to_owned).collect()
}

#[tokio::test]
async fn rules_and_docs_name_series_that_are_there_and_docs_name_all_of_them() {
    let app = TestApp::with(passcodes_only()).await;
    app.sign_up("jane@acme.test").await;
    log_in(&app, "jane@acme.test", &["wrong1"]).await;
    send(app.http.get(app.admin_url("/users"))).await;
    app.get("/sessions/validate").await;
    let page = page(&app).await;
    let families: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect();
    let families_of = |text: &str| -> BTreeSet<String> {
        let family = |name: &String| {
            let stem = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end));
            stem.filter(|stem| families.contains(*stem)).map_or_else(|| name.clone(), str::to_owned)
        };
        names(text).iter().map(family).collect()
    };
    let rules = std::fs::read_to_string(monitoring().join("rules.yaml")).unwrap();
    assert_eq!(families_of(&rules).difference(&families).collect::<Vec<_>>(), Vec::<&String>::new(), "rules");
    let docs = std::fs::read_to_string(monitoring().join("../../docs/guides/monitoring.md")).unwrap();
    assert_eq!(families_of(&docs), families, "the guide and the page");
    app.end().await;
}

/// A Prometheus that reads a process.
struct Prometheus {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Prometheus {
    fn reading(app: &TestApp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{}]\nscrape_configs:\n- job_name: hanko-runtime\n  \
             static_configs: [{{targets: [\"{}\"]}}]\n",
            monitoring().join("rules.yaml").canonicalize().unwrap().display(),
            app.server().admin_address(),
        );
        let path = folder.path().join("prometheus.yml");
        std::fs::write(&path, config).unwrap();
        // It cannot say which port it was given, so it gets one that was free a moment ago.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("tsdb").display()))
            .arg(format!("--web.listen-address={free}"))
            .arg("--log.level=warn")
            .stderr(log)
            .spawn()
            .unwrap();
        Self { process, url: format!("http://{free}"), _folder: folder }
    }

    /// The result of a query, once there is one.
    async fn ask(&self, app: &TestApp, query: &str) -> Value {
        let mut last = Value::Null;
        for _ in 0..600 {
            let url =
                reqwest::Url::parse_with_params(&format!("{}/api/v1/query", self.url), [("query", query)]).unwrap();
            if let Ok(answer) = app.http.get(url).send().await {
                last = answer.json().await.unwrap_or_default();
                if last["data"]["result"].as_array().is_some_and(|result| !result.is_empty()) {
                    return last["data"]["result"].clone();
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let log = std::fs::read_to_string(self._folder.path().join("log")).unwrap_or_default();
        panic!("{query} has no result: {last}\n{log}");
    }
}

#[tokio::test]
async fn prometheus_reads_the_page_and_finds_nothing_wrong_with_it() {
    if !installed() {
        return;
    }
    let app = TestApp::with(passcodes_only()).await;
    app.sign_up("jane@acme.test").await;
    log_in(&app, "jane@acme.test", &["wrong1"]).await;
    let checked = promtool(&["check", "metrics"], &page(&app).await);
    let told = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success() && told.is_empty(), "{}", String::from_utf8_lossy(&told));
    let prometheus = Prometheus::reading(&app);
    for (query, expected) in [
        ("up{job=\"hanko-runtime\"}", "1"),
        ("sum by (job) (hanko_logins_total{outcome=\"success\"})", "1"),
        ("sum by (job) (hanko_logins_total{outcome=\"failure\"})", "1"),
        ("hanko_sessions_active", "2"),
        ("sum by (job) (hanko_requests_total{url=\"/login\",code=\"200\"}) > bool 1", "1"),
        ("histogram_quantile(0.9, sum by (le) (hanko_flow_duration_seconds_bucket{flow=\"login\"})) > bool 20", "1"),
        ("hanko_outbox_oldest_due_seconds{sink=\"mail\"}", "0"),
        ("process_resident_memory_bytes > bool 1000000", "1"),
    ] {
        assert_eq!(prometheus.ask(&app, query).await[0]["value"][1], expected, "{query}");
    }
    // The rules were read with it: none of them says that anything is wrong.
    let url = format!("{}/api/v1/rules", prometheus.url);
    let rules: Value = app.http.get(url).send().await.unwrap().json().await.unwrap();
    let groups = rules["data"]["groups"].as_array().unwrap();
    let rules: Vec<&Value> = groups.iter().flat_map(|group| group["rules"].as_array().unwrap()).collect();
    assert!(rules.len() > 10);
    assert!(rules.iter().all(|rule| rule["health"] != "err" && rule["state"] != "firing"), "{rules:#?}");
    drop(prometheus);
    app.end().await;
}
