//! `api-keys`: keys of the Admin API that the database keeps.
//!
//! The command works on the database itself, with PostgreSQL also while the project is served. A SQLite database belongs to the
//! process that serves it; then the command asks that process, on its admin listener, with the project's generated key.

mod process;

use std::{process::ExitCode, time::Duration};

use clap::{Args, Subcommand};
use hanko_domain::{ApiKeyId, ApiScope, Clock, Random, RequestMeta, TenantId, Timestamp};
use hanko_flow::admin::{
    AdminError,
    api_keys::{KeyRing, NewKey},
};
use hanko_store::{StoreError, TenantStore};
use serde_json::{Value, json};

use self::process::Process;
use super::{Places, threads};
use crate::{
    config::{self, Configuration, Sources},
    http::admin::key,
    output::Output,
    routes::admin::api_keys::{known, reserved},
    stores::{OpenError, Stores},
};

/// What the audit log calls this command.
pub(crate) const COMMAND: &str = "command-line";

#[derive(Args, Debug)]
pub(super) struct ApiKeys {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a key and prints it; it is stored nowhere and shown only now.
    Create {
        #[command(flatten)]
        at: At,
        /// What audit rows call it: lower-case letters, digits and dashes.
        #[arg(long)]
        name: String,
        /// What it may do: read, users, audit, webhooks, all. May be given several times.
        #[arg(long = "scope", value_name = "SCOPE", required = true, value_parser = scope)]
        scopes: Vec<ApiScope>,
        /// When it ends, such as 90d or 12h. Without, never.
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        expires_in: Option<Duration>,
    },
    /// Lists keys, never their values.
    List {
        #[command(flatten)]
        at: At,
    },
    /// Gives a key another value and prints it; the one before stays good for a while.
    Rotate {
        #[command(flatten)]
        at: At,
        /// The key's name or id.
        #[arg(long)]
        name: String,
        /// How long the value before stays good, such as 1h; 0 ends it at once.
        #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1d")]
        overlap: Duration,
    },
    /// Ends a key at once.
    Revoke {
        #[command(flatten)]
        at: At,
        /// The key's name or id.
        #[arg(long)]
        name: String,
    },
}

/// Whose keys, and where.
#[derive(Args, Debug)]
struct At {
    #[command(flatten)]
    places: Places,
    /// Which project, where the documents hold several.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    project: Option<String>,
    /// Where the process that serves a SQLite database listens for administrators.
    #[arg(long, value_name = "URL", env = "HANKO_ADMIN_URL", default_value = "http://127.0.0.1:8001")]
    admin_url: url::Url,
}

/// Where the keys are changed.
enum Door {
    Database(Box<Database>),
    Process(Process),
}

struct Database {
    configuration: Configuration,
    store: TenantStore,
    random: Random,
    request: RequestMeta,
}

impl ApiKeys {
    pub(super) fn run(self, output: &mut Output) -> ExitCode {
        let done = match threads() {
            Ok(runtime) => runtime.block_on(self.command.run(output)),
            Err(error) => Err(format!("cannot start threads: {error}")),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(reason) => {
                output.complain(reason);
                ExitCode::FAILURE
            }
        }
    }
}

impl Command {
    async fn run(self, output: &mut Output) -> Result<(), String> {
        match self {
            Self::Create { at, name, scopes, expires_in } => {
                let made = Door::open(at).await?.create(name, scopes, expires_in).await?;
                output.line(made);
            }
            Self::List { at } => {
                for line in table(&Door::open(at).await?.list().await?) {
                    output.line(line);
                }
            }
            Self::Rotate { at, name, overlap } => {
                let door = Door::open(at).await?;
                let id = door.find(&name).await?;
                output.line(door.rotate(id, overlap).await?);
            }
            Self::Revoke { at, name } => {
                let door = Door::open(at).await?;
                let id = door.find(&name).await?;
                door.revoke(id).await?;
            }
        }
        Ok(())
    }
}

impl Door {
    async fn open(at: At) -> Result<Self, String> {
        let sources = Sources::from(at.places);
        let configuration = choose(&sources, at.project.as_deref())?;
        let opened = match Stores::default().open(&configuration, &sources.data) {
            Ok(opened) => opened,
            Err(OpenError::Store(StoreError::Locked { .. })) => {
                return Process::of(&configuration, &sources.secrets, &at.admin_url).map(Self::Process);
            }
            Err(error) => return Err(error.to_string()),
        };
        let store = opened.store.tenant(TenantId(configuration.project.tenant_id));
        let label = configuration.label();
        match store.is_registered().await {
            Ok(true) => {}
            Ok(false) => {
                return Err(format!("{label} has never been served; serve it once, that makes its database ready"));
            }
            Err(error) => return Err(format!("{label}: {error} (`hanko-runtime migrate` makes a database ready)")),
        }
        let (random, request) = (Random::system(), RequestMeta::default());
        Ok(Self::Database(Box::new(Database { configuration, store, random, request })))
    }

    async fn list(&self) -> Result<Vec<Value>, String> {
        match self {
            Self::Database(database) => {
                let ring = database.ring();
                let views = known(&database.configuration, ring).await.map_err(words)?;
                views.iter().map(|view| serde_json::to_value(view).map_err(|error| error.to_string())).collect()
            }
            Self::Process(process) => match process.ask("GET", "/api_keys", None).await? {
                Value::Array(keys) => Ok(keys),
                _ => Err("the process has answered something else than keys".to_owned()),
            },
        }
    }

    /// The id of a key of the database.
    async fn find(&self, name: &str) -> Result<ApiKeyId, String> {
        let keys = self.list().await?;
        let text = |key: &Value, member: &str| key.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let named = keys.iter().find(|key| text(key, "name") == name || text(key, "id") == name);
        let named = named.ok_or_else(|| format!("there is no key with the name or id {name}"))?;
        text(named, "id")
            .parse()
            .map_err(|_| format!("the key {name} comes from the project's {}; change it there", text(named, "origin")))
    }

    /// The key's value.
    async fn create(
        &self,
        name: String,
        scopes: Vec<ApiScope>,
        expires_in: Option<Duration>,
    ) -> Result<String, String> {
        let expires_at = expires_in.map(|duration| Clock::system().now() + duration);
        match self {
            Self::Database(database) => {
                let value = key::generate(&database.random);
                let new = NewKey { name, scopes, expires_at, hash: key::hash(value.expose()) };
                database.ring().create(new, &reserved(&database.configuration)).await.map_err(words)?;
                Ok(value.expose().clone())
            }
            Self::Process(process) => {
                let scopes: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
                let expires_at = expires_at.map(Timestamp::rfc3339);
                let body = json!({"name": name, "scopes": scopes, "expires_at": expires_at});
                process.ask("POST", "/api_keys", Some(body)).await.and_then(value_of)
            }
        }
    }

    /// The key's new value.
    async fn rotate(&self, id: ApiKeyId, overlap: Duration) -> Result<String, String> {
        match self {
            Self::Database(database) => {
                let value = key::generate(&database.random);
                database.ring().rotate(id, &key::hash(value.expose()), overlap).await.map_err(words)?;
                Ok(value.expose().clone())
            }
            Self::Process(process) => {
                let body = json!({"overlap_seconds": overlap.as_secs()});
                process.ask("POST", &format!("/api_keys/{id}/rotate"), Some(body)).await.and_then(value_of)
            }
        }
    }

    async fn revoke(&self, id: ApiKeyId) -> Result<(), String> {
        match self {
            Self::Database(database) => database.ring().revoke(id).await.map_err(words),
            Self::Process(process) => process.ask("DELETE", &format!("/api_keys/{id}"), None).await.map(drop),
        }
    }
}

impl Database {
    fn ring(&self) -> KeyRing<'_> {
        KeyRing {
            store: &self.store,
            random: &self.random,
            now: Clock::system().now(),
            mask: self.configuration.project.settings.audit_mask,
            by: COMMAND,
            request: &self.request,
        }
    }
}

/// The one project, or the one that is named.
fn choose(sources: &Sources, project: Option<&str>) -> Result<Configuration, String> {
    let loaded = config::load(sources);
    if let Some(reason) = loaded.unreadable {
        return Err(reason);
    }
    let refused = loaded.refused.iter().find(|bad| project.is_none_or(|label| bad.label() == label));
    let mut fitting =
        loaded.configurations.into_iter().filter(|found| project.is_none_or(|label| found.label() == label));
    match (fitting.next(), fitting.next(), refused) {
        (Some(only), None, _) => Ok(only),
        (Some(one), Some(other), _) => Err(format!(
            "there are several projects, such as {} and {}; name one with --project",
            one.label(),
            other.label()
        )),
        (None, _, Some(bad)) => Err(format!("{}: {}", bad.label(), bad.reason)),
        (None, _, None) => Err(format!("{}: no such project", sources.documents.display())),
    }
}

/// What a person is told of a refusal.
fn words(error: AdminError) -> String {
    match error {
        AdminError::Refused(refusal) => refusal.message.map_or_else(|| "there is no such key".to_owned(), Into::into),
        AdminError::Limited(_) => "too often".to_owned(),
        AdminError::Busy(cause) | AdminError::Internal(cause) => cause,
    }
}

fn value_of(answer: Value) -> Result<String, String> {
    let value = answer.get("key").and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| "the process has answered something else than a key".to_owned())
}

/// Columns as wide as their widest cell.
fn table(keys: &[Value]) -> Vec<String> {
    let text = |key: &Value, member: &str| match key.get(member) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(","),
        _ => "-".to_owned(),
    };
    let columns = ["name", "origin", "scopes", "expires_at", "last_used_at", "id"];
    let head = columns.map(|column| column.replace('_', " ").to_uppercase());
    let mut rows = vec![head];
    rows.extend(keys.iter().map(|key| columns.map(|column| text(key, column))));
    let widths: Vec<usize> = (0..columns.len())
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(String::len).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 6]| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        cells.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn scope(text: &str) -> Result<ApiScope, String> {
    ApiScope::parse(text).ok_or_else(|| "a scope is read, users, audit, webhooks or all".to_owned())
}

/// Days too, which manifests do not know.
fn duration(text: &str) -> Result<Duration, String> {
    match text.strip_suffix('d').and_then(|days| days.parse::<u32>().ok()) {
        Some(days) if days <= 3_650 => Ok(Duration::from_secs(u64::from(days) * 24 * 60 * 60)),
        Some(_) => Err("the longest is ten years, 3650d".to_owned()),
        None => hanko_model::duration::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_may_be_in_days() {
        for (text, seconds) in
            [("90d", Some(7_776_000)), ("12h", Some(43_200)), ("0", Some(0)), ("9999d", None), ("d", None)]
        {
            assert_eq!(duration(text).ok().map(|duration| duration.as_secs()), seconds, "{text}");
        }
    }

    #[test]
    fn a_list_of_keys_is_a_table() {
        let keys = [
            json!({"name": "generated", "origin": "generated", "scopes": ["all"]}),
            json!({"name": "r", "scopes": ["read", "audit"]}),
        ];
        assert_eq!(
            table(&keys),
            [
                "NAME       ORIGIN     SCOPES      EXPIRES AT  LAST USED AT  ID",
                "generated  generated  all         -           -             -",
                "r          -          read,audit  -           -             -",
            ]
        );
    }
}
