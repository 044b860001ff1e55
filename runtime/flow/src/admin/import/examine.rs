//! Which entries are new, which were written before, and which want what somebody has.

use std::hash::{BuildHasher, RandomState};

use hanko_domain::UserId;
use hanko_metadata::Patch;
use hanko_store::{
    import::{Had, Wanted},
    metadata::Metadata,
    users::Account,
};
use serde_json::Value;

use super::{Admin, Entry, HashMap, Line, Outcome, Problem, Status, Told};
use crate::{
    effect::Effect,
    rules::claim::{self, Holder},
};

/// What entries want, by the number of the entry that wanted it first. Digests, so that a hundred thousand entries cost little.
#[derive(Debug, Default)]
pub(super) struct Seen {
    digests: HashMap<u64, u64>,
    state: RandomState,
}

impl Seen {
    /// The entry that wants something of this one and came before. What is left is this one's.
    fn first(&mut self, line: u64, entry: &Entry) -> Option<u64> {
        let mut wanted: Vec<u64> = Vec::new();
        wanted.extend(entry.id.map(|id| self.state.hash_one(("id", id.0))));
        wanted.extend(entry.emails.iter().map(|email| self.state.hash_one(("email", email.address.key()))));
        wanted.extend(entry.username.iter().map(|username| self.state.hash_one(("username", username.key()))));
        wanted.extend(entry.passkeys.iter().map(|passkey| self.state.hash_one(("passkey", &passkey.id.0))));
        let first = wanted.iter().filter_map(|digest| self.digests.get(digest).copied()).min();
        for digest in wanted {
            self.digests.entry(digest).or_insert(line);
        }
        first
    }
}

/// An entry that was looked at.
pub(super) enum Examined {
    /// Nobody has anything of what it wants.
    New(u64, Box<Entry>),
    /// Somebody has, or may soon: this entry has to be settled by itself. With the entry before that wants the same, if there is one.
    Unsettled(u64, Box<Entry>, Option<u64>),
    /// It is no user.
    Told(Told),
}

pub(super) fn told(line: u64, status: Status, id: Option<UserId>, errors: Vec<Problem>) -> Told {
    Told { line, status, id, errors }
}

fn problem(field: impl Into<String>, message: impl Into<String>) -> Problem {
    Problem { field: field.into(), message: message.into() }
}

/// Reads entries and asks the database once for all of them.
pub(super) async fn examine(admin: Admin<'_>, lines: &[Line], seen: &mut Seen) -> Outcome<Vec<Examined>> {
    let mut examined = Vec::with_capacity(lines.len());
    for line in lines {
        examined.push(match read(admin, line) {
            Ok(entry) => match seen.first(line.number, &entry) {
                None => Examined::New(line.number, entry),
                first => Examined::Unsettled(line.number, entry, first),
            },
            Err(errors) => Examined::Told(told(line.number, Status::Invalid, None, errors)),
        });
    }
    let new = examined.iter().filter_map(|one| match one {
        Examined::New(_, entry) => Some(entry.as_ref()),
        _ => None,
    });
    let had = admin.tenant.store().had(&wanted(new)).await?;
    let settled = examined.into_iter().map(|one| match one {
        Examined::New(line, entry) if wants_of(&had, &entry) => Examined::Unsettled(line, entry, None),
        other => other,
    });
    Ok(settled.collect())
}

/// Everything that entries want and only one user can have.
fn wanted<'a>(entries: impl Iterator<Item = &'a Entry>) -> Wanted<'a> {
    let mut wanted = Wanted::default();
    for entry in entries {
        wanted.users.extend(entry.id);
        wanted.emails.extend(entry.emails.iter().map(|email| &email.address));
        wanted.usernames.extend(&entry.username);
        wanted.passkeys.extend(entry.passkeys.iter().map(|passkey| &passkey.id));
    }
    wanted
}

/// Whether somebody has anything that an entry wants.
fn wants_of(had: &Had, entry: &Entry) -> bool {
    entry.id.is_some_and(|id| had.users.contains(&id))
        || entry.emails.iter().any(|email| had.emails.contains(email.address.key()))
        || entry.username.as_ref().is_some_and(|username| had.usernames.contains(username.key()))
        || entry.passkeys.iter().any(|passkey| had.passkeys.contains(&passkey.id))
}

/// Reads one entry, and holds its metadata against what the project wants of them.
pub(super) fn read(admin: Admin<'_>, line: &Line) -> Result<Box<Entry>, Vec<Problem>> {
    let Some(text) = &line.text else { return Err(vec![problem("", "an entry must not be longer than 65536 bytes")]) };
    let mut entry = Box::new(Entry::read(text)?);
    let given = Value::Object(std::mem::take(&mut entry.metadata_given));
    let patch = Patch::parse(&given).map_err(|error| vec![problem("metadata", error.to_string())])?;
    entry.metadata = hanko_metadata::apply(&Metadata::default(), &patch, &admin.tenant.inner().metadata_schemas)
        .map_err(|error| vec![problem("metadata", error.to_string())])?;
    Ok(entry)
}

/// What would become of an entry, and what has to change before it can be written.
pub(super) type Foretold = (Told, Vec<Effect>);

/// What would become of entries, by the database as it is and the entries before.
pub(super) async fn foretell(admin: Admin<'_>, lines: &[Line], seen: &mut Seen) -> Outcome<Vec<Foretold>> {
    let mut foretold = Vec::with_capacity(lines.len());
    for one in examine(admin, lines, seen).await? {
        foretold.push(match one {
            Examined::New(line, entry) => (told(line, Status::Created, entry.id, Vec::new()), Vec::new()),
            Examined::Unsettled(line, entry, first) => match (settle(admin, line, &entry).await?, first) {
                (Settled::Told(told), _) => (told, Vec::new()),
                (Settled::Free(released), None) => (told(line, Status::Created, entry.id, Vec::new()), released),
                (Settled::Free(_), Some(first)) => {
                    let text = format!("entry {first} of this input has the same id, address, username or credential");
                    (told(line, Status::Conflict, None, vec![problem("", text)]), Vec::new())
                }
            },
            Examined::Told(told) => (told, Vec::new()),
        });
    }
    Ok(foretold)
}

/// What becomes of an entry by itself.
pub(super) enum Settled {
    /// It can be written, after these effects: an address that somebody only claims goes to whoever the caller says has proven it.
    Free(Vec<Effect>),
    /// It was written before, or somebody has what it wants.
    Told(Told),
}

/// Looks at everything an entry wants (`spec/decisions.md` 2).
pub(super) async fn settle(admin: Admin<'_>, line: u64, entry: &Entry) -> Outcome<Settled> {
    let store = admin.tenant.store();
    if let Some(id) = entry.id
        && let Some(account) = store.account(id).await?
    {
        return Ok(Settled::Told(if is_same(&account, entry) {
            told(line, Status::Exists, Some(id), Vec::new())
        } else {
            let text = "a user with this id exists already, with another primary address or username";
            told(line, Status::Conflict, Some(id), vec![problem("user_id", text)])
        }));
    }
    let (mut released, mut errors) = (Vec::new(), Vec::new());
    for (index, email) in entry.emails.iter().enumerate() {
        match claim::find(store, email.address.clone()).await?.holder {
            Holder::Nobody => {}
            Holder::Claimed(held, claimant) if email.verified => {
                released.extend(claim::release(admin.occasion(admin.call()), &held, &claimant));
            }
            Holder::Claimed(..) | Holder::Named(_) => {
                errors.push(problem(format!("emails[{index}].address"), "email already exists"));
            }
        }
    }
    if let Some(username) = &entry.username
        && store.username(username).await?.is_some()
    {
        errors.push(problem("username", "username already exists"));
    }
    for (index, passkey) in entry.passkeys.iter().enumerate() {
        if store.passkey(&passkey.id).await?.is_some() {
            errors.push(problem(format!("webauthn_credentials[{index}].id"), "credential already exists"));
        }
    }
    Ok(if errors.is_empty() {
        Settled::Free(released)
    } else {
        Settled::Told(told(line, Status::Conflict, None, errors))
    })
}

/// Whether an account is the one of an entry: known by the same address, or without any by the same username.
fn is_same(account: &Account, entry: &Entry) -> bool {
    let key = |address: &str| hanko_domain::EmailAddress::parse(address).ok().map(|address| address.key().to_owned());
    match (entry.primary(), account.primary_email()) {
        (Some(wanted), Some(has)) => key(&has.address).as_deref() == Some(wanted.key()),
        (None, None) => {
            entry.username.as_ref().map(|name| name.as_str())
                == account.username.as_ref().map(|has| has.username.as_str())
        }
        _ => false,
    }
}
