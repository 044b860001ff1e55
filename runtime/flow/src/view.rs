//! The user as its owner sees it (`spec/flow-profile.md` §4.2): the body of `GET /me` and the payload of `success`.

use hanko_domain::{Passkey, UserId};
use hanko_model::project::Settings;
use hanko_store::{StoreError, users::Account};
use serde_json::{Map, Value, json};

use crate::tenant::Tenant;

/// The view of one user; `None` when there is none.
pub async fn account_view(tenant: &Tenant, user: UserId) -> Result<Option<Value>, StoreError> {
    Ok(tenant.store().account(user).await?.map(|account| view(&account, &tenant.project().settings)))
}

pub(crate) fn view(account: &Account, settings: &Settings) -> Value {
    let mut wire = Map::new();
    wire.insert("id".into(), account.user.id.to_string().into());
    wire.insert("user_id".into(), account.user.id.to_string().into());
    let passkeys: Vec<Value> = account.passkeys.iter().filter(|passkey| !passkey.mfa_only).map(credential).collect();
    if settings.passkey.enabled && !passkeys.is_empty() {
        wire.insert("passkeys".into(), passkeys.into());
    }
    wire.insert(
        "mfa_config".into(),
        json!({"auth_app_set_up": false, "totp_enabled": false, "security_keys_enabled": false}),
    );
    let emails: Vec<Value> = account
        .emails
        .iter()
        .map(|email| {
            json!({
                "id": email.id.to_string(),
                "address": email.address,
                "is_verified": email.verified,
                "is_primary": Some(email.id) == account.user.primary_email,
            })
        })
        .collect();
    if !emails.is_empty() {
        wire.insert("emails".into(), emails.into());
    }
    wire.insert("created_at".into(), account.user.created_at.rfc3339().into());
    wire.insert("updated_at".into(), account.user.updated_at.rfc3339().into());
    Value::Object(wire)
}

fn credential(passkey: &Passkey) -> Value {
    let mut wire = Map::new();
    wire.insert("id".into(), passkey.id.to_string().into());
    if let Some(name) = &passkey.name {
        wire.insert("name".into(), name.as_str().into());
    }
    wire.insert("public_key".into(), hanko_domain::CredentialId(passkey.public_key.clone()).to_string().into());
    wire.insert("attestation_type".into(), passkey.attestation_format.as_str().into());
    wire.insert("aaguid".into(), passkey.aaguid.to_string().into());
    if let Some(time) = passkey.last_used_at {
        wire.insert("last_used_at".into(), time.rfc3339().into());
    }
    wire.insert("created_at".into(), passkey.created_at.rfc3339().into());
    wire.insert("transports".into(), passkey.transports.clone().into());
    wire.insert("backup_eligible".into(), passkey.backup_eligible.into());
    wire.insert("backup_state".into(), passkey.backup_state.into());
    wire.insert("mfa_only".into(), passkey.mfa_only.into());
    Value::Object(wire)
}
