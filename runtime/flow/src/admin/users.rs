//! Users themselves (`spec/admin-api.md` §5.5–§5.8).

use hanko_credentials::PasswordHash;
use hanko_domain::{AuditKind, EmailAddress, EmailId, EventKind, PasswordId, Timestamp, UserId, Username, UsernameId};
use hanko_store::users::{Account, Profile};
use url::Url;

use super::{Admin, AdminError, Attempts, Outcome, bad_request};
use crate::{
    effect::{Effect, NewAccount, preview},
    rest::{
        call::{Call, Change},
        refusal::refuse_saying,
    },
    rules::{
        claim::{self, Holder},
        report,
    },
};

/// Bytes of a picture's URL.
const LONGEST_PICTURE: usize = 2048;
/// Characters of a name, as much as the column holds.
const LONGEST_NAME: usize = 255;

/// An address of a user who is about to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewEmail {
    /// The address.
    pub address: EmailAddress,
    /// The main one.
    pub is_primary: bool,
    /// Whether its owner has proven it, as the caller says.
    pub is_verified: bool,
}

/// A user who is about to be made.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// Its id; random without one.
    pub id: Option<UserId>,
    /// Its addresses.
    pub emails: Vec<NewEmail>,
    /// Its username, as typed.
    pub username: Option<String>,
    /// When it was made elsewhere.
    pub created_at: Option<Timestamp>,
    /// A password hashed elsewhere.
    pub password_hash: Option<PasswordHash>,
}

/// Changes of a user: what is absent stays, what is `None` goes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UserPatch {
    /// `username`.
    pub username: Option<Option<String>>,
    /// `name`.
    pub name: Option<Option<String>>,
    /// `given_name`.
    pub given_name: Option<Option<String>>,
    /// `family_name`.
    pub family_name: Option<Option<String>>,
    /// `picture`.
    pub picture: Option<Option<String>>,
}

fn absent() -> AdminError {
    refuse_saying(404, "user not found")
}

impl Admin<'_> {
    /// One user.
    pub async fn user(self, id: UserId) -> Outcome<Account> {
        self.account(id, absent()).await
    }

    /// Makes a user (§5.5).
    pub async fn create_user(self, new: NewUser) -> Outcome<Account> {
        let call = self.call();
        let random = &call.inner().random;
        let username = username(new.username.as_deref())?;
        if new.emails.is_empty() && username.is_none() {
            return Err(bad_request("at least one of [Emails, Username] must be set"));
        }
        match new.emails.iter().filter(|email| email.is_primary).count() {
            0 if !new.emails.is_empty() => return Err(bad_request("at least one primary email must be provided")),
            0 | 1 => {}
            _ => return Err(bad_request("only one primary email is allowed")),
        }
        let user = new.id.unwrap_or_else(|| UserId::random(random));
        let mut emails = new.emails;
        emails.sort_by_key(|email| !email.is_primary);
        let mut attempts = Attempts::begin();
        loop {
            let released = self.free(call, user, &emails, username.as_ref()).await?;
            let named = emails.iter().cloned();
            let account = NewAccount {
                user,
                emails: named.map(|new| (EmailId::random(random), new.address, new.is_verified)).collect(),
                username: username.clone().map(|username| (UsernameId::random(random), username)),
                otp: None,
                password: new.password_hash.clone().map(|hash| (PasswordId::random(random), hash)),
                passkeys: Vec::new(),
                created_at: new.created_at.unwrap_or(call.now),
                signs_in: false,
            };
            let after = account.preview(call.now);
            let mut effects = released;
            effects.push(Effect::CreateAccount(Box::new(account)));
            effects.push(Effect::Audit(self.entry(AuditKind::AdminUserCreated, user)));
            effects.push(report::without_request(EventKind::UserCreate, &after, self.tenant.id()));
            match call.commit_alone(Change { effects, ..Change::default() }).await {
                Ok(()) => return Ok(after),
                // Somebody was faster: what is taken now is said the next time.
                Err(AdminError::Refused(refusal)) if refusal.status == 409 && attempts.again() => {}
                Err(AdminError::Busy(_)) if attempts.again() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Refuses what somebody else has. An address that is only claimed goes to whoever the caller says has proven it.
    async fn free(
        self,
        call: Call<'_>,
        user: UserId,
        emails: &[NewEmail],
        username: Option<&Username>,
    ) -> Outcome<Vec<Effect>> {
        let store = self.tenant.store();
        if store.user(user).await?.is_some() {
            let text = format!("failed to create user with id '{user}': user already exists");
            return Err(refuse_saying(409, text));
        }
        let mut released = Vec::new();
        for (at, NewEmail { address, is_verified, .. }) in emails.iter().enumerate() {
            let again = emails.iter().take(at).any(|earlier| earlier.address.key() == address.key());
            match claim::find(store, address.clone()).await?.holder {
                Holder::Nobody if !again => {}
                Holder::Claimed(email, claimant) if *is_verified && !again => {
                    released.extend(claim::release(self.occasion(call), &email, &claimant));
                }
                _ => {
                    let text = format!("failed to create email '{address}' for user '{user}': email already exists");
                    return Err(refuse_saying(409, text));
                }
            }
        }
        if let Some(username) = username
            && store.username(username).await?.is_some()
        {
            let text = format!("failed to create username '{username}' for user '{user}': username already exists");
            return Err(refuse_saying(409, text));
        }
        Ok(released)
    }

    /// Deletes a user with everything that belongs to it (§5.7).
    pub async fn delete_user(self, id: UserId) -> Outcome<()> {
        self.change(id, absent, |call, account| {
            let told = report::deleted(self.occasion(call), account);
            let entry = self.entry(AuditKind::AdminUserDeleted, id);
            Ok(((), vec![Effect::Audit(entry), told, Effect::DeleteAccount(id)]))
        })
        .await
    }

    /// Changes username and names (§5.8).
    pub async fn patch_user(self, id: UserId, patch: UserPatch) -> Outcome<Account> {
        let patch = patch.trimmed()?;
        let wanted = match &patch.username {
            Some(Some(text)) => {
                self.user(id).await?;
                Some(Username::parse(text).map_err(|_| bad_request("username is invalid"))?)
            }
            _ => None,
        };
        if let Some(username) = &wanted
            && self.tenant.store().username(username).await?.is_some_and(|stored| stored.user != id)
        {
            return Err(refuse_saying(409, "username already exists"));
        }
        let changed = self.change(id, absent, |call, account| {
            let mut effects = Vec::new();
            let mut fields = Vec::new();
            let renamed = match (&patch.username, &wanted, &account.username) {
                (Some(None), _, Some(_)) => Some(Effect::RemoveUsername(id)),
                (_, Some(username), None) => {
                    let id_of_name = UsernameId::random(&call.inner().random);
                    Some(Effect::AddUsername { id: id_of_name, user: id, username: username.clone() })
                }
                (_, Some(username), Some(stored)) if stored.username != username.as_str() => {
                    Some(Effect::ChangeUsername { user: id, username: username.clone() })
                }
                _ => None,
            };
            if let Some(effect) = renamed {
                effects.push(effect);
                fields.push("username");
            }
            let named = patch.fields();
            if !named.is_empty() {
                effects.push(Effect::PutProfile { user: id, profile: patch.over(&account.user.profile) });
                fields.extend(named);
            }
            let mut after = account.clone();
            preview(&mut after, &effects, call.now);
            if !effects.is_empty() {
                let entry = self.entry(AuditKind::AdminUserUpdated, id).with("fields", fields.join(","));
                effects.push(Effect::Audit(entry));
            }
            Ok((after, effects))
        });
        match changed.await {
            // Only a username can be taken.
            Err(AdminError::Refused(refusal)) if refusal.status == 409 && wanted.is_some() => {
                Err(refuse_saying(409, "username already exists"))
            }
            other => other,
        }
    }
}

fn username(typed: Option<&str>) -> Outcome<Option<Username>> {
    let typed = typed.map(str::trim).filter(|text| !text.is_empty());
    if let Some(text) = typed {
        storable("username", text)?;
    }
    typed.map(Username::parse).transpose().map_err(|_| bad_request("username is invalid"))
}

/// Refuses what no column of every database can keep.
fn storable(name: &str, text: &str) -> Outcome<()> {
    if text.chars().count() > LONGEST_NAME {
        return Err(bad_request(format!("{name} must not be longer than {LONGEST_NAME} characters")));
    }
    if text.contains('\0') {
        return Err(bad_request(format!("{name} must not contain NUL characters")));
    }
    Ok(())
}

impl UserPatch {
    fn members(&mut self) -> [(&'static str, &mut Option<Option<String>>); 5] {
        [
            ("username", &mut self.username),
            ("name", &mut self.name),
            ("given_name", &mut self.given_name),
            ("family_name", &mut self.family_name),
            ("picture", &mut self.picture),
        ]
    }

    /// Texts without blanks around them, none empty and none too long.
    fn trimmed(mut self) -> Outcome<Self> {
        for (name, member) in self.members() {
            let Some(Some(text)) = member else { continue };
            *text = text.trim().to_owned();
            if text.is_empty() {
                return Err(bad_request(format!("{name} must be a non-empty string or null")));
            }
        }
        if let Some(Some(picture)) = &self.picture
            && !is_picture(picture)
        {
            return Err(bad_request("picture must be a valid http(s) URL or null"));
        }
        for (name, member) in self.members() {
            if let (true, Some(Some(text))) = (name != "picture", member) {
                storable(name, text)?;
            }
        }
        Ok(self)
    }

    /// The names that the patch speaks of.
    fn fields(&self) -> Vec<&'static str> {
        let all = [
            ("name", &self.name),
            ("given_name", &self.given_name),
            ("family_name", &self.family_name),
            ("picture", &self.picture),
        ];
        all.into_iter().filter(|(_, member)| member.is_some()).map(|(name, _)| name).collect()
    }

    fn over(&self, stored: &Profile) -> Profile {
        let value = |new: &Option<Option<String>>, old: &Option<String>| new.clone().unwrap_or_else(|| old.clone());
        Profile {
            name: value(&self.name, &stored.name),
            given_name: value(&self.given_name, &stored.given_name),
            family_name: value(&self.family_name, &stored.family_name),
            picture: value(&self.picture, &stored.picture),
        }
    }
}

pub(super) fn is_picture(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    text.len() <= LONGEST_PICTURE
        && !text.contains(char::is_control)
        && matches!(url.scheme(), "http" | "https")
        && url.host_str().is_some_and(|host| !host.is_empty())
        && url.username().is_empty()
        && url.password().is_none()
}
