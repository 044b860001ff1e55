//! Users and what belongs to them as administrators see them (`spec/admin-api.md` §5.1–§5.3, §9–§11).

use hanko_domain::{Passkey, TenantId};
use hanko_store::{emails::Email, otp_secrets::OtpInfo, passwords::PasswordInfo, sessions::Session, users::Account};
use serde_json::{Map, Value, json};

use crate::{rules::report, view};

/// A user with everything that was read of it, and ours: when it last signed in, which lists can be filtered by.
pub fn user(account: &Account, tenant: TenantId) -> Map<String, Value> {
    let mut wire = view::admin_view(account, tenant);
    wire.extend(account.user.last_login_at.map(|at| ("last_login_at".to_owned(), Value::from(at.rfc3339()))));
    wire
}

/// An address of a user.
pub fn email(account: &Account, email: &Email) -> Map<String, Value> {
    view::admin_email(account, email)
}

/// A passkey or a security key.
pub fn credential(passkey: &Passkey) -> Value {
    view::credential(passkey)
}

/// That there is a password, never the password.
pub fn password(password: &PasswordInfo, tenant: TenantId) -> Value {
    view::password(password, tenant)
}

/// That there is a TOTP secret, never the secret.
pub fn otp(otp: &OtpInfo) -> Value {
    json!({"id": otp.id.to_string(), "created_at": otp.created_at.rfc3339()})
}

/// A session.
pub fn session(session: &Session) -> Value {
    report::session(session)
}

/// The categories of metadata that hold something; `None` when none does.
pub fn metadata(metadata: &hanko_store::metadata::Metadata) -> Option<Value> {
    view::all_metadata(metadata).map(|(_, value)| value)
}
