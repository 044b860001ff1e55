//! Users to measure with: the same ones, whether the Admin API imports them or PostgreSQL makes them by itself.

use std::time::{Duration, Instant};

use hanko_domain::Timestamp;
use hanko_store::listing::{Page, UserQuery};
use serde_json::json;
use tokio::process::Command;

use crate::{
    Error,
    report::say,
    subject::{Subject, TENANT},
};

/// When the first one was made.
const FIRST: i64 = 1_704_067_200;
/// Seconds between one and the next.
const APART: i64 = 60;
/// Seconds from then to the last login of each.
const SIGNS_IN_AFTER: i64 = 86_400;
/// Argon2id of the password of every account.
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$dGhlIGJlbmNoJ3Mgc2FsdA$xX75DqGjOajzuCpF65ZRs4PulMzlW6CDKAfsBBZqKfE";

/// When a user was made.
pub(crate) fn made(user: usize) -> Timestamp {
    Timestamp::from_seconds(FIRST + i64::try_from(user).unwrap_or(0) * APART)
}

/// When it signed in for the last time.
pub(crate) fn signed_in(user: usize) -> Timestamp {
    made(user) + Duration::from_secs(SIGNS_IN_AFTER.unsigned_abs())
}

/// Its id; scattered, as random ones are.
pub(crate) fn id(user: usize) -> String {
    format!("{:08x}-0000-4000-8000-{user:012x}", (user * 2_654_435_761) & 0xffff_ffff)
}

/// Its username.
pub(crate) fn name(user: usize) -> String {
    format!("u{user}z")
}

/// Its address, that is [`crate::plan::address`].
pub(crate) fn address(user: usize) -> String {
    crate::plan::address(user)
}

/// Users for `POST /users/import`, one a line.
pub(crate) fn lines(users: std::ops::Range<usize>) -> String {
    let line = |user| {
        let entry = json!({
            "user_id": id(user),
            "emails": [{"address": address(user), "is_primary": true, "is_verified": true}],
            "username": name(user),
            "password": {"password": HASH},
            "metadata": {"public_metadata": {"crm": user, "plan": if user % 100 == 0 { "gold" } else { "free" }}},
            "created_at": made(user).rfc3339(),
        });
        format!("{entry}\n")
    };
    users.map(line).collect()
}

/// Lets the imported users have signed in. With SQLite the runtime has to be stopped.
pub(crate) async fn sign_in(subject: &Subject, database: Option<&str>, users: usize) -> Result<(), Error> {
    let tenant = subject.store(database)?;
    let all = Page { offset: 0, limit: u64::try_from(users).unwrap_or(u64::MAX) };
    let query = UserQuery { ascending: true, ..UserQuery::default() };
    let accounts = tenant.list_users(&query, all).await?;
    if accounts.len() != users {
        return Err(Error::unexpected(format_args!("{} users instead of {users}", accounts.len())));
    }
    let mut work = tenant.begin().await?;
    for (user, account) in accounts.iter().enumerate() {
        work.log_in_as_read(&account.user, signed_in(user)).await?;
    }
    work.commit().await?;
    tenant.store().close().await;
    match database {
        Some(database) => psql(database, "VACUUM (ANALYZE)").await,
        None => Ok(()),
    }
}

/// Makes the users in PostgreSQL, which has to hold none, and does what it does by itself some minutes later.
pub(crate) async fn postgres(database: &str, users: usize) -> Result<(), Error> {
    let begun = Instant::now();
    psql(database, &statements(users)).await?;
    psql(database, "VACUUM (ANALYZE)").await?;
    say(&format!("{users} users are made, in {:.0} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// The rows the import makes. Trigram and document indexes are built at the end, and references are not checked; with these two
/// a million users take a minute or two instead of many.
fn statements(users: usize) -> String {
    let last = users.saturating_sub(1);
    let scattered = "lpad(to_hex((i::bigint * 2654435761) & 4294967295), 8, '0')";
    let id = |kind: u8| format!("({scattered} || '-000{kind}-4000-8000-' || lpad(to_hex(i), 12, '0'))::uuid");
    let (user, email, username, password) = (id(0), id(1), id(2), id(3));
    let made = format!("({FIRST} + i::bigint * {APART}) * 1000000");
    let signed_in = format!("({FIRST} + {SIGNS_IN_AFTER} + i::bigint * {APART}) * 1000000");
    let address = "'user' || i || '@acme.localhost.test'";
    let metadata = "'{\"crm\":' || i || ',\"plan\":\"' || CASE WHEN i % 100 = 0 THEN 'gold' ELSE 'free' END || '\"}'";
    let insert = |table: &str, columns: &str, values: String| {
        format!(
            "INSERT INTO {table} (tenant_id, created_at, updated_at, {columns}) \
             SELECT '{TENANT}', {made}, {made}, {values} FROM generate_series(0, {last}) i;\n"
        )
    };
    [
        "SET session_replication_role = replica;\nSET maintenance_work_mem = '256MB';\n".into(),
        "CREATE TEMP TABLE later AS SELECT indexname, indexdef FROM pg_indexes \
         WHERE schemaname = current_schema AND indexdef LIKE '% USING gin %';\n"
            .into(),
        "SELECT format('DROP INDEX %I', indexname) FROM later \\gexec\n".into(),
        insert("users", "id, primary_email_id, listed, last_login_at", format!("{user}, {email}, TRUE, {signed_in}")),
        insert(
            "emails",
            "id, user_id, address, address_key, verified",
            format!("{email}, {user}, {address}, {address}, TRUE"),
        ),
        insert(
            "usernames",
            "id, user_id, username, username_key",
            format!("{username}, {user}, 'u' || i || 'z', 'u' || i || 'z'"),
        ),
        insert("passwords", "id, user_id, hash", format!("{password}, {user}, '{HASH}'")),
        insert("user_metadata", "user_id, public_metadata", format!("{user}, {metadata}")),
        format!("INSERT INTO user_counts (tenant_id, shard, listed, moved) VALUES ('{TENANT}', 0, {users}, 1);\n"),
        "SELECT indexdef FROM later \\gexec\n".into(),
    ]
    .concat()
}

async fn psql(database: &str, script: &str) -> Result<(), Error> {
    let file = tempfile::NamedTempFile::new().map_err(Error::io("script"))?;
    std::fs::write(file.path(), script).map_err(Error::io("script"))?;
    let mut psql = Command::new("psql");
    psql.args([database, "-qX", "-v", "ON_ERROR_STOP=1", "-f"]).arg(file.path());
    let done = psql.output().await.map_err(Error::io("psql"))?;
    if done.status.success() { Ok(()) } else { Err(Error::unexpected(String::from_utf8_lossy(&done.stderr))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_what_postgres_makes_of_the_number() {
        assert_eq!(id(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(id(5), "17156075-0000-4000-8000-000000000005");
    }
}
