//! One entry of an import, checked (`spec/cli-and-import-export.md` §9). The messages are the contract's.

use std::collections::HashSet;

use hanko_credentials::{PasswordHash, TotpSecret, passkey::check_public_key};
use hanko_domain::{CredentialId, EmailAddress, Secret, Timestamp, UserId, Username};
use hanko_store::{metadata::Metadata, users::Profile};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Problem, members::Members};
use crate::admin::users::is_picture;

/// Bytes of a user handle (WebAuthn L3 §4).
const LONGEST_HANDLE: usize = 64;
/// Bytes of a credential's id (WebAuthn L3 §5.8.3).
const LONGEST_ID: usize = 1023;
/// Bytes of the name of an attestation format (WebAuthn L3 §8.1).
const LONGEST_FORMAT: usize = 32;
/// Characters that fit into a column of every database.
const LONGEST_NAME: usize = 255;

/// A user that may be made, if nobody has what it wants.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Option<UserId>,
    pub(super) emails: Vec<EntryEmail>,
    pub(super) username: Option<Username>,
    pub(super) passkeys: Vec<EntryPasskey>,
    pub(super) password: Option<EntryPassword>,
    pub(super) otp: Option<EntryOtp>,
    pub(super) profile: Profile,
    /// The three documents as they were given.
    pub(super) metadata_given: Map<String, Value>,
    /// What the project makes of them, once they have been checked.
    pub(super) metadata: Metadata,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct EntryEmail {
    pub(super) address: EmailAddress,
    pub(super) primary: bool,
    pub(super) verified: bool,
}

#[derive(Debug)]
pub(super) struct EntryPasskey {
    pub(super) id: CredentialId,
    pub(super) public_key: Vec<u8>,
    pub(super) attestation_format: String,
    pub(super) name: Option<String>,
    pub(super) aaguid: Uuid,
    pub(super) counter: u32,
    pub(super) transports: Vec<String>,
    pub(super) backup_eligible: bool,
    pub(super) backup_state: bool,
    pub(super) mfa_only: bool,
    /// Other bytes than the user's id.
    pub(super) user_handle: Option<Vec<u8>>,
    pub(super) created_at: Option<Timestamp>,
    pub(super) last_used_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct EntryPassword {
    pub(super) hash: PasswordHash,
    pub(super) created_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct EntryOtp {
    pub(super) secret: TotpSecret,
    pub(super) created_at: Option<Timestamp>,
}

impl Entry {
    /// Reads one, or tells everything that is wrong with it.
    pub(super) fn read(text: &[u8]) -> Result<Self, Vec<Problem>> {
        let whole = |message: String| vec![Problem { field: String::new(), message }];
        match serde_json::from_slice(text) {
            Ok(Value::Object(members)) => Self::of(members),
            Ok(_) => Err(whole("an entry must be a JSON object".to_owned())),
            // The library's words name a place and what was expected there, never what stands there.
            Err(error) => Err(whole(format!("Syntax error: {}", place(&error)))),
        }
    }

    /// The same of an element of a list.
    pub(super) fn of(members: Map<String, Value>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let entry = read(&mut Members::new(members, &mut problems));
        if problems.is_empty() { Ok(entry) } else { Err(problems) }
    }

    /// The address a user is known by.
    pub(super) fn primary(&self) -> Option<&EmailAddress> {
        self.emails.iter().find(|email| email.primary).map(|email| &email.address)
    }
}

fn place(error: &serde_json::Error) -> String {
    let what = if error.is_eof() { "unexpected end of JSON input" } else { "invalid JSON" };
    format!("offset={}, error={what}", error.column())
}

fn read(entry: &mut Members<'_>) -> Entry {
    let given_emails = entry.each("emails", email);
    let id = id(entry);
    let (given, username) = (given_emails.len(), username(entry, given_emails.is_empty()));
    let emails: Vec<EntryEmail> = given_emails.into_iter().flatten().collect();
    let passkeys: Vec<EntryPasskey> = entry.each("webauthn_credentials", passkey);
    if !distinct(emails.iter().map(|email| email.address.key())) {
        entry.wrong("emails", "Emails entries are not unique");
    }
    let primary = emails.iter().filter(|email| email.primary).count();
    if given > 0 && emails.len() == given && primary != 1 {
        entry.wrong("emails", format!("Need exactly one primary email, got {primary}"));
    }
    if !distinct(passkeys.iter().map(|passkey| &passkey.id)) {
        entry.wrong("webauthn_credentials", "WebauthnCredentials entries are not unique");
    }
    Entry {
        id,
        emails,
        username,
        passkeys,
        password: entry.inside("password", password),
        otp: entry.inside("otp_secret", otp),
        profile: Profile {
            name: entry.bounded("name", LONGEST_NAME),
            given_name: entry.bounded("given_name", LONGEST_NAME),
            family_name: entry.bounded("family_name", LONGEST_NAME),
            picture: picture(entry),
        },
        metadata_given: entry.inside("metadata", |metadata| Some(metadata.rest())).unwrap_or_default(),
        metadata: Metadata::default(),
        created_at: entry.time("created_at"),
        updated_at: entry.time("updated_at"),
    }
}

/// In the canonical form only, of any version.
fn id(entry: &mut Members<'_>) -> Option<UserId> {
    let text = entry.text("user_id").filter(|text| !text.is_empty())?;
    let id = Some(&text).filter(|text| text.len() == 36).and_then(|text| text.parse::<UserId>().ok());
    if id.is_none_or(|id| id.0.is_nil()) {
        entry.wrong("user_id", "UserID must be a valid uuid");
    }
    id
}

/// `needed`: there is no address.
fn username(entry: &mut Members<'_>, needed: bool) -> Option<Username> {
    let text = match entry.text("username") {
        None if needed => {
            entry.wrong("username", "Username is required if Emails 0");
            return None;
        }
        text => text?,
    };
    if text.is_empty() {
        entry.wrong("username", "length of Username must be greater or equal to 1");
        return None;
    }
    let username = Username::parse(&text).ok().filter(|username| username.as_str().len() <= LONGEST_NAME);
    if username.is_none() {
        entry.wrong("username", "Username may hold letters of the Latin alphabet, digits and underscores only");
    }
    username
}

fn picture(entry: &mut Members<'_>) -> Option<String> {
    let picture = entry.text("picture").filter(|text| !text.is_empty())?;
    if !is_picture(&picture) {
        entry.wrong("picture", "picture must be a valid http(s) URL or null");
    }
    Some(picture)
}

/// Nothing inside: it counts as given, and what is wrong with it has been said.
fn email(email: &mut Members<'_>) -> Option<Option<EntryEmail>> {
    let address = EmailAddress::parse(&email.text("address").unwrap_or_default()).ok();
    if address.is_none() {
        email.wrong("address", "Address must be a valid email address");
    }
    let (primary, verified) = (email.flag("is_primary"), email.flag("is_verified"));
    Some(address.map(|address| EntryEmail { address, primary, verified }))
}

fn password(password: &mut Members<'_>) -> Option<EntryPassword> {
    let text = Secret::new(password.required("password", "Password")?);
    let hash = PasswordHash::import(text.expose());
    if let Err(refused) = &hash {
        password.wrong("password", refused.to_string());
    }
    let (created_at, updated_at) = (password.time("created_at"), password.time("updated_at"));
    Some(EntryPassword { hash: hash.ok()?, created_at, updated_at })
}

fn otp(otp: &mut Members<'_>) -> Option<EntryOtp> {
    let text = Secret::new(otp.required("secret", "Secret")?);
    let secret = TotpSecret::from_base32(&text);
    if secret.is_none() {
        otp.wrong("secret", "Secret must be base32 of 10 to 64 bytes");
    }
    let created_at = otp.time("created_at");
    otp.time("updated_at");
    Some(EntryOtp { secret: secret?, created_at })
}

fn passkey(passkey: &mut Members<'_>) -> Option<EntryPasskey> {
    let id = passkey.required("id", "ID").and_then(|text| {
        let id = text.parse::<CredentialId>().ok().filter(|id| (1..=LONGEST_ID).contains(&id.0.len()));
        if id.is_none() {
            passkey.wrong("id", format!("ID must be base64url of 1 to {LONGEST_ID} bytes"));
        }
        id
    });
    let public_key = passkey.required("public_key", "PublicKey").and_then(|text| {
        // Any base64url; the type of ids reads it.
        let key = text.parse::<CredentialId>().map(|bytes| bytes.0).map_err(|_| "not base64url".to_owned());
        let checked = key.and_then(|key| check_public_key(&key).map(|()| key).map_err(|why| why.to_string()));
        checked.map_err(|why| passkey.wrong("public_key", format!("PublicKey cannot be used: {why}"))).ok()
    });
    let attestation_format = passkey.required("attestation_type", "AttestationType");
    if attestation_format.as_ref().is_some_and(|text| text.len() > LONGEST_FORMAT) {
        passkey.wrong("attestation_type", format!("AttestationType must not be longer than {LONGEST_FORMAT} bytes"));
    }
    let mfa_only = passkey.flag("mfa_only");
    let user_handle = passkey.bounded("user_handle", LONGEST_HANDLE).map(String::into_bytes);
    if mfa_only && user_handle.is_some() {
        passkey.wrong("user_handle", "UserHandle must not be set when MFAOnly true");
    }
    let (name, aaguid, counter) =
        (passkey.bounded("name", LONGEST_NAME), aaguid(passkey), passkey.counter("sign_count"));
    let transports = transports(passkey);
    let (backup_eligible, backup_state) = (passkey.flag("backup_eligible"), passkey.flag("backup_state"));
    let (created_at, last_used_at) = (passkey.time("created_at"), passkey.time("last_used_at"));
    // Accepted as in the contract; nothing here is changed after it was registered but by being used.
    passkey.time("updated_at");
    Some(EntryPasskey {
        id: id?,
        public_key: public_key?,
        attestation_format: attestation_format?,
        name,
        aaguid,
        counter,
        transports,
        backup_eligible,
        backup_state,
        mfa_only,
        user_handle,
        created_at,
        last_used_at,
    })
}

fn aaguid(passkey: &mut Members<'_>) -> Uuid {
    let Some(text) = passkey.text("aaguid") else { return Uuid::nil() };
    let aaguid = text.parse();
    if aaguid.is_err() {
        passkey.wrong("aaguid", "AAGUID must be a valid uuid");
    }
    aaguid.unwrap_or_default()
}

fn transports(passkey: &mut Members<'_>) -> Vec<String> {
    let mut transports = Vec::new();
    for item in passkey.list("transports") {
        match item {
            Value::String(text) if (1..=32).contains(&text.len()) => transports.push(text),
            _ => passkey.wrong("transports", "Transports entries must be strings of 1 to 32 bytes"),
        }
    }
    if !distinct(&transports) {
        passkey.wrong("transports", "Transports entries are not unique");
    }
    transports
}

fn distinct<T: Eq + std::hash::Hash>(items: impl IntoIterator<Item = T>) -> bool {
    let mut seen = HashSet::new();
    items.into_iter().all(|item| seen.insert(item))
}
