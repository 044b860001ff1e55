//! Lists of users for administrators: filtered, ordered by age, a page at a time (`spec/admin-api.md` §5.4).
//!
//! A page of the unfiltered list costs the same however many users there are, if it is the first or last one or stands beside one
//! that was read lately; any other costs a walk over at most half of an index (`spec/decisions.md` 27).

mod filter;
pub(crate) mod pages;

use std::collections::HashMap;

use hanko_domain::{Category, Timestamp, UserId};
use serde_json::Value;
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use self::pages::{Key, Scan};
use crate::{
    StoreError, TenantStore,
    built::{Bound, Built},
    emails, passkeys,
    user_counts::Listed,
    users::{self, Account},
};

/// Users whose addresses and credentials are read at once.
const AT_ONCE: usize = 500;
/// What every database takes for a number of rows.
const FARTHEST: u64 = 1 << 62;

/// Which users, and in which order. All of the conditions that are given have to be met.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// One of these; empty: whoever.
    pub ids: Vec<UserId>,
    /// A part of one of the addresses, lower-case; `%` and `_` stand for others as in `LIKE`. Together with `username`, one of the
    /// two is enough.
    pub email: Option<String>,
    /// A part of the username, in the same way.
    pub username: Option<String>,
    /// Documents that are contained in what applications keep: objects whose leaves are strings, numbers, booleans and nulls, at
    /// most [`DEEPEST`](UserQuery::DEEPEST) deep. A leaf is contained in a member of this value, and in an array with such an element.
    pub metadata: Vec<(Category, Value)>,
    /// Made in this time.
    pub created: Range,
    /// Signed in for the last time in this time.
    pub last_login: Range,
    /// Oldest first; else newest first.
    pub ascending: bool,
}

impl UserQuery {
    /// How deep a document may be.
    pub const DEEPEST: usize = 16;

    /// Whether it leaves nobody out.
    fn is_everybody(&self) -> bool {
        self.ids.is_empty()
            && self.email.is_none()
            && self.username.is_none()
            && self.metadata.is_empty()
            && self.created == Range::default()
            && self.last_login == Range::default()
    }
}

/// A time with open or closed ends.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Range {
    /// Then or later.
    pub from: Option<Timestamp>,
    /// Earlier.
    pub to: Option<Timestamp>,
}

/// A part of a list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Page {
    /// How many come before it.
    pub offset: u64,
    /// How many it has at most.
    pub limit: u64,
}

/// A row of a page, and the whole list at the moment it was read.
struct Found(Account, Listed);

impl<'r, R: Row> FromRow<'r, R> for Found
where
    usize: ColumnIndex<R>,
    Uuid: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let users: i64 = row.try_get(13)?;
        let listed = Listed { users: u64::try_from(users).unwrap_or(0), moved: row.try_get(14)? };
        Ok(Self(users::named(row)?, listed))
    }
}

impl TenantStore {
    /// A page of those who have an address or a username, with their addresses, credentials and username, and nothing else of what
    /// belongs to them.
    pub async fn list_users(&self, query: &UserQuery, page: Page) -> Result<Vec<Account>, StoreError> {
        let mut scan = Scan::plain(query.ascending, page);
        if query.is_everybody() && page.offset >= pages::SHALLOW {
            let listed = self.listed_users().await?;
            let Some(shorter) = self.pages.scan(query.ascending, page, listed) else { return Ok(Vec::new()) };
            scan = shorter;
        }
        let found: Vec<Found> = fetch_built!(self.store, self.page(query, &scan))?;
        if query.is_everybody()
            && let (Some(Found(first, listed)), Some(Found(last, _))) = (found.first(), found.last())
        {
            let key = |account: &Account| Key { created_at: account.user.created_at, id: account.user.id };
            self.pages.remember(&scan, *listed, key(first), (found.len(), key(last)));
        }
        let mut accounts: Vec<Account> = found.into_iter().map(|Found(account, _)| account).collect();
        if scan.ascending != query.ascending {
            accounts.reverse();
        }
        self.complete(&mut accounts).await?;
        Ok(accounts)
    }

    /// How many users a query finds, on all pages.
    pub async fn count_users(&self, query: &UserQuery) -> Result<u64, StoreError> {
        if query.is_everybody() {
            return Ok(self.listed_users().await?.users);
        }
        let count: Vec<(i64,)> = fetch_built!(self.store, self.count(query))?;
        Ok(count.first().map_or(0, |(count,)| u64::try_from(*count).unwrap_or(0)))
    }

    pub(crate) fn count(&self, query: &UserQuery) -> Built {
        filter::matching(Built::new(&self.store, "SELECT COUNT(*)"), self.tenant, query)
    }

    /// The ids first, which the index knows by itself, and only then whatever else is wanted of so few.
    pub(crate) fn page(&self, query: &UserQuery, scan: &Scan) -> Built {
        let tenant = Bound::Id(self.tenant.0);
        let order = match scan.ascending {
            true => " ORDER BY u.created_at, u.id",
            false => " ORDER BY u.created_at DESC, u.id DESC",
        };
        let built = Built::new(
            &self.store,
            "SELECT u.id, u.primary_email_id, u.created_at, u.updated_at, u.last_login_at, u.name, u.given_name, \
             u.family_name, u.picture, n.id, n.username, n.created_at, n.updated_at, c.users, c.moved FROM (SELECT u.id",
        );
        let mut built = filter::matching(built, self.tenant, query);
        if let Some(key) = scan.from {
            built = filter::from(built, scan.ascending, key);
        }
        // As a number, so that a plan that is made once knows how few rows there will be.
        built = built.words(order).words(&format!(" LIMIT {}", scan.take.min(FARTHEST)));
        built = match scan.skip {
            0 => built,
            near @ 1..=pages::SHALLOW => {
                built.words(" OFFSET ").value(Bound::Number(i64::try_from(near).unwrap_or(i64::MAX)))
            }
            // A plan for any number would read all users.
            far => built.words(&format!(" OFFSET {}", far.min(FARTHEST))).unprepared(),
        };
        built
            .words(") page JOIN users u ON u.tenant_id = ")
            .value(tenant.clone())
            .words(" AND u.id = page.id LEFT JOIN usernames n ON n.tenant_id = u.tenant_id AND n.user_id = u.id CROSS JOIN ")
            .words_of(
                "(SELECT CAST(COALESCE(SUM(listed), 0) AS BIGINT) AS users, CAST(COALESCE(SUM(moved), 0) AS BIGINT) AS moved",
                "(SELECT CAST(COALESCE(SUM(listed), 0) AS BIGINT) AS users, CAST(COALESCE(SUM(moved), 0) AS BIGINT) AS moved",
                "(SELECT CAST(COALESCE(SUM(listed), 0) AS SIGNED) AS users, CAST(COALESCE(SUM(moved), 0) AS SIGNED) AS moved",
            )
            .words(" FROM user_counts WHERE tenant_id = ")
            .value(tenant)
            .words(") c")
            .words(order)
    }

    /// Adds what users have several of.
    async fn complete(&self, accounts: &mut Vec<Account>) -> Result<(), StoreError> {
        for accounts in accounts.chunks_mut(AT_ONCE) {
            let ids: Vec<UserId> = accounts.iter().map(|account| account.user.id).collect();
            let (found_emails, found_passkeys) = tokio::try_join!(
                emails::of_many(&self.store, self.tenant, &ids),
                passkeys::of_many(&self.store, self.tenant, &ids)
            )?;
            let (mut emails, mut passkeys) = (HashMap::<_, Vec<_>>::new(), HashMap::<_, Vec<_>>::new());
            for email in found_emails {
                emails.entry(email.user).or_default().push(email);
            }
            for passkey in found_passkeys {
                passkeys.entry(passkey.user).or_default().push(passkey);
            }
            for account in accounts {
                account.emails = emails.remove(&account.user.id).unwrap_or_default();
                account.passkeys = passkeys.remove(&account.user.id).unwrap_or_default();
            }
        }
        self.mend(accounts).await
    }

    /// Whoever was changed between the statements is read again; whoever has gone is left out.
    async fn mend(&self, accounts: &mut Vec<Account>) -> Result<(), StoreError> {
        let halves: Vec<UserId> = accounts.iter().filter(|one| !one.is_whole()).map(|one| one.user.id).collect();
        if halves.is_empty() {
            return Ok(());
        }
        let mut again = users::accounts(&self.store, self.tenant, &halves).await?;
        accounts.retain_mut(|account| {
            if account.is_whole() {
                return true;
            }
            let Some(Account { user, emails, passkeys, username, .. }) = again.remove(&account.user.id) else {
                return false;
            };
            *account = Account { user, emails, passkeys, username, ..account.clone() };
            true
        });
        Ok(())
    }
}
