//! Entities, statements, transactions and migrations on SQLite, PostgreSQL and MariaDB/MySQL.
//!
//! The crate knows rows, never rules: whether something may happen is decided above, this crate makes it happen once.
//! Three doors lead to the data:
//!
//! * [`TenantStore`] reads one tenant. Nobody can forget the tenant, since the handle already knows it.
//! * [`Work`] is one transaction of one tenant: changes, audit rows and outbox rows that become true together.
//! * [`SystemStore`] is for the workers that serve all tenants (outbox, clean-up) and is the one listed exception to "every
//!   statement names `tenant_id`".
//!
//! SQL is text that can be pasted into a shell: [`statement`] holds the one macro that declares it, written with `$1`
//! placeholders for SQLite and PostgreSQL, derived for MySQL at compile time, overridden only where dialects differ. A test
//! prepares every statement on every database. One file per entity: [`users`], [`emails`], [`usernames`], [`passwords`],
//! [`passkeys`], [`relying_parties`], [`otp_secrets`], [`trusted_devices`], [`metadata`], [`flows`], [`one_time_tokens`],
//! [`sessions`], [`signing_keys`], [`api_keys`], [`audit`], [`outbox`], [`webhooks`], [`limits`], [`leases`], [`tenants`]. What
//! an administrator does with many users at once is in [`listing`] and [`import`].

#[macro_use]
pub mod statement;
#[macro_use]
mod built;

pub mod api_keys;
pub mod audit;
mod batch;
pub mod cleanup;
pub mod connect;
pub mod emails;
mod error;
pub mod flows;
pub mod import;
pub mod leases;
pub mod limits;
pub mod listing;
pub mod metadata;
mod migrate;
pub mod one_time_tokens;
pub mod otp_secrets;
pub mod outbox;
pub mod passkeys;
pub mod passwords;
pub mod relying_parties;
pub mod sessions;
pub mod signing_keys;
pub mod tenants;
pub mod trusted_devices;
mod user_counts;
pub mod usernames;
pub mod users;
pub mod webhooks;
mod work;

pub use connect::{DatabaseUrl, PoolSize, Store, SystemStore, TenantStore};
pub use error::{StoreError, Unique};
pub use work::Work;

#[cfg(test)]
mod tests;
