//! Writing entries: many in one transaction, or one by itself.

use hanko_credentials::PasswordHash;
use hanko_domain::{
    AuditEntry, AuditKind, EmailAddress, EmailId, EventKind, OtpSecretId, Passkey, PasswordId, Secret, Timestamp,
    UserId, Username, UsernameId, audit::Actor,
};
use hanko_store::{
    StoreError, Unique, Work,
    emails::Email,
    import::{NewPassword, NewUserRows},
    otp_secrets::{OtpInfo, OtpSecret},
    passwords::PasswordInfo,
    users::{Account, User},
};

use super::{
    ATTEMPTS, Admin, AdminError, BATCH, Entry, Line, Options, Outcome, Problem, Status, Told,
    examine::{self, Examined, Foretold, Seen, Settled, told},
};
use crate::{
    effect::{self, Effect},
    rules::{report, totp},
};

/// A user as it will be written.
struct NewUser {
    account: Account,
    emails: Vec<(EmailId, EmailAddress, bool)>,
    username: Option<(UsernameId, Username)>,
    hash: Option<PasswordHash>,
    otp: Option<OtpSecret>,
}

impl NewUser {
    fn rows(&self) -> NewUserRows<'_> {
        let password = self.account.password.as_ref().zip(self.hash.as_ref());
        NewUserRows {
            user: &self.account.user,
            emails: &self.emails,
            username: self.username.as_ref().map(|(id, username)| (*id, username)),
            password: password.map(|(info, hash)| NewPassword {
                id: info.id,
                hash: Secret::new(hash.as_str().to_owned()),
                created_at: info.created_at,
                updated_at: info.updated_at,
            }),
            passkeys: &self.account.passkeys,
            otp: self.otp.as_ref(),
            metadata: &self.account.metadata,
        }
    }
}

enum Written {
    Yes,
    /// Somebody has what was to be written.
    Taken(Option<Unique>),
}

/// Writes what can be written of a batch.
pub(super) async fn batch(admin: Admin<'_>, options: Options, lines: &[Line]) -> Outcome<Vec<Told>> {
    let (mut answers, mut new, mut alone) = (Vec::with_capacity(lines.len()), Vec::new(), Vec::new());
    for one in examine::examine(admin, lines, &mut Seen::default()).await? {
        match one {
            Examined::New(line, entry) => new.push((line, entry)),
            Examined::Unsettled(line, entry, _) => alone.push((line, entry)),
            Examined::Told(told) => answers.push(told),
        }
    }
    match together(admin, options, &new).await? {
        Some(created) => answers.extend(created),
        None => alone.extend(new),
    }
    // In their order: what two of them want goes to the first.
    alone.sort_unstable_by_key(|(line, _)| *line);
    for (line, entry) in alone {
        answers.push(by_itself(admin, options, line, &entry).await?);
    }
    answers.sort_unstable_by_key(|told| told.line);
    Ok(answers)
}

/// Writes entries in one transaction. `None`: somebody was faster with something, and nothing was written.
async fn together(admin: Admin<'_>, options: Options, new: &[(u64, Box<Entry>)]) -> Outcome<Option<Vec<Told>>> {
    if new.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let now = admin.call().now;
    let users: Vec<NewUser> = new.iter().map(|(_, entry)| prepare(admin, entry, now)).collect::<Outcome<_>>()?;
    let mut attempt = 1;
    loop {
        match transaction(admin, options, Vec::new(), &users).await {
            Ok(Written::Yes) => break,
            Ok(Written::Taken(_)) => return Ok(None),
            Err(AdminError::Busy(_)) if attempt < ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
    let created = new.iter().zip(&users);
    Ok(Some(
        created.map(|((line, _), user)| told(*line, Status::Created, Some(user.account.user.id), vec![])).collect(),
    ))
}

/// Settles one entry and writes it if it can be.
async fn by_itself(admin: Admin<'_>, options: Options, line: u64, entry: &Entry) -> Outcome<Told> {
    let mut taken = None;
    for _ in 0..ATTEMPTS {
        let released = match examine::settle(admin, line, entry).await? {
            Settled::Told(told) => return Ok(told),
            Settled::Free(released) => released,
        };
        let user = prepare(admin, entry, admin.call().now)?;
        let id = user.account.user.id;
        match transaction(admin, options, released, &[user]).await {
            Ok(Written::Yes) => return Ok(told(line, Status::Created, Some(id), vec![])),
            Ok(Written::Taken(what)) => taken = what,
            Err(AdminError::Busy(_)) => {}
            Err(error) => return Err(error),
        }
    }
    match taken {
        Some(what) => {
            let errors = vec![Problem { field: String::new(), message: format!("this {what} exists already") }];
            Ok(told(line, Status::Conflict, None, errors))
        }
        None => Err(AdminError::Busy("the database has too much to do".to_owned())),
    }
}

/// Writes everything in one transaction. `None`: somebody was faster with something, and nothing was written.
pub(super) async fn all(
    admin: Admin<'_>,
    options: Options,
    lines: &[Line],
    foretold: Vec<Foretold>,
) -> Outcome<Option<Vec<Told>>> {
    let mut answers: Vec<Told> = Vec::with_capacity(foretold.len());
    let mut foretold = foretold.into_iter();
    let mut work = admin.tenant.store().begin().await?;
    for lines in lines.chunks(BATCH) {
        let (mut users, mut released) = (Vec::new(), Vec::new());
        for (line, (mut answer, effects)) in lines.iter().zip(foretold.by_ref()) {
            // What was read without a complaint before is so again.
            if answer.status == Status::Created
                && let Ok(entry) = examine::read(admin, line)
            {
                let user = prepare(admin, &entry, admin.call().now)?;
                answer.id = Some(user.account.user.id);
                users.push(user);
                released.extend(effects);
            }
            answers.push(answer);
        }
        match fill(admin, options, released, &users, &mut work).await {
            Ok(Written::Yes) => {}
            other => {
                work.rollback().await?;
                return other.map(|_| None);
            }
        }
    }
    work.commit().await?;
    Ok(Some(answers))
}

async fn transaction(admin: Admin<'_>, options: Options, released: Vec<Effect>, users: &[NewUser]) -> Outcome<Written> {
    let mut work = admin.tenant.store().begin().await?;
    match fill(admin, options, released, users, &mut work).await {
        Ok(Written::Yes) => {
            work.commit().await?;
            Ok(Written::Yes)
        }
        other => {
            work.rollback().await?;
            other
        }
    }
}

/// The users, what is told of them, and the row of the audit log.
async fn fill(
    admin: Admin<'_>,
    options: Options,
    released: Vec<Effect>,
    users: &[NewUser],
    work: &mut Work,
) -> Outcome<Written> {
    if users.is_empty() {
        return Ok(Written::Yes);
    }
    let (inner, now) = (admin.tenant.inner(), admin.call().now);
    if !effect::apply_all(released, work, inner, admin.request, now).await? {
        return Err(AdminError::Busy("somebody else was faster".to_owned()));
    }
    let rows: Vec<NewUserRows<'_>> = users.iter().map(NewUser::rows).collect();
    match work.insert_users(&rows, now).await {
        Ok(()) => {}
        Err(StoreError::Conflict) => return Ok(Written::Taken(None)),
        Err(StoreError::Taken(what)) => return Ok(Written::Taken(Some(what))),
        Err(error) => return Err(error.into()),
    }
    if options.webhooks {
        let events =
            users.iter().map(|user| report::without_request(EventKind::UserCreate, &user.account, admin.tenant.id()));
        effect::apply_all(events.collect(), work, inner, admin.request, now).await?;
    }
    let count = u64::try_from(users.len()).unwrap_or(u64::MAX);
    let entry = AuditEntry::new(AuditKind::AdminUserImported, Actor::none()).by_key(admin.key).with("created", count);
    let entry = match users {
        [user] => entry.about(user.account.user.id),
        _ => entry,
    };
    effect::record(entry, work, inner, admin.request, now).await?;
    Ok(Written::Yes)
}

/// Gives an entry its ids and seals what lies sealed.
fn prepare(admin: Admin<'_>, entry: &Entry, now: Timestamp) -> Outcome<NewUser> {
    let inner = admin.tenant.inner();
    let random = &inner.random;
    let user = entry.id.unwrap_or_else(|| UserId::random(random));
    let emails: Vec<(EmailId, &super::entry::EntryEmail)> =
        entry.emails.iter().map(|email| (EmailId::random(random), email)).collect();
    let rp_id = &admin.tenant.project().settings.webauthn.relying_party_id;
    let otp = match &entry.otp {
        Some(otp) => {
            let id = OtpSecretId::random(random);
            let sealed = inner.sealer.seal(&totp::place(&id), otp.secret.base32().expose().as_bytes(), random)?;
            Some(OtpSecret { id, user, sealed, last_step: None, created_at: otp.created_at.unwrap_or(now) })
        }
        None => None,
    };
    let username = entry.username.clone().map(|username| (UsernameId::random(random), username));
    let account = Account {
        user: User {
            id: user,
            primary_email: emails.iter().find(|(_, email)| email.primary).map(|(id, _)| *id),
            created_at: entry.created_at.unwrap_or(now),
            updated_at: entry.updated_at.unwrap_or(now),
            last_login_at: None,
            profile: entry.profile.clone(),
        },
        emails: emails
            .iter()
            .map(|(id, email)| Email {
                id: *id,
                user,
                address: email.address.as_str().to_owned(),
                verified: email.verified,
                created_at: now,
                updated_at: now,
            })
            .collect(),
        passkeys: entry.passkeys.iter().map(|passkey| stored(passkey, user, rp_id, now)).collect(),
        username: username.as_ref().map(|(id, username)| effect::stored_username(*id, user, username, now)),
        password: entry.password.as_ref().map(|password| PasswordInfo {
            id: PasswordId::random(random),
            created_at: password.created_at.unwrap_or(now),
            updated_at: password.updated_at.or(password.created_at).unwrap_or(now),
        }),
        otp: otp.as_ref().map(|otp| OtpInfo { id: otp.id, created_at: otp.created_at }),
        metadata: entry.metadata.clone(),
    };
    Ok(NewUser {
        account,
        emails: emails.into_iter().map(|(id, email)| (id, email.address.clone(), email.verified)).collect(),
        username,
        hash: entry.password.as_ref().map(|password| password.hash.clone()),
        otp,
    })
}

/// A credential as a registration would have stored it.
fn stored(passkey: &super::entry::EntryPasskey, user: UserId, rp_id: &str, now: Timestamp) -> Passkey {
    Passkey {
        id: passkey.id.clone(),
        user,
        user_handle: passkey.user_handle.clone().unwrap_or_else(|| user.as_bytes().to_vec()),
        public_key: passkey.public_key.clone(),
        counter: passkey.counter,
        // Nothing is known of it; the first sign-in shows.
        user_verified: false,
        backup_eligible: passkey.backup_eligible,
        backup_state: passkey.backup_state,
        aaguid: passkey.aaguid,
        transports: passkey.transports.clone(),
        rp_id: rp_id.to_owned(),
        attestation_format: passkey.attestation_format.clone(),
        mfa_only: passkey.mfa_only,
        name: passkey.name.clone(),
        created_at: passkey.created_at.unwrap_or(now),
        last_used_at: passkey.last_used_at,
    }
}
