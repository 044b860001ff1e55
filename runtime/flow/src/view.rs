//! The user as its owner sees it (`spec/flow-profile.md` §4.2): the body of `GET /me` and the payload of `success`; and as others
//! are told of it.

use hanko_domain::{Passkey, TenantId, UserId};
use hanko_model::project::Settings;
use hanko_store::{
    StoreError,
    emails::Email,
    metadata::Metadata,
    passwords::PasswordInfo,
    usernames::StoredUsername,
    users::{Account, Profile},
};
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
    let credentials = |mfa_only: bool| -> Vec<Value> {
        account.passkeys.iter().filter(|passkey| passkey.mfa_only == mfa_only).map(credential).collect()
    };
    for (name, enabled, credentials) in [
        ("passkeys", settings.passkey.enabled, credentials(false)),
        ("security_keys", settings.mfa.security_keys.enabled, credentials(true)),
    ] {
        if enabled && !credentials.is_empty() {
            wire.insert(name.into(), credentials.into());
        }
    }
    let mfa = &settings.mfa;
    wire.insert(
        "mfa_config".into(),
        json!({
            "auth_app_set_up": account.otp.is_some(),
            "totp_enabled": mfa.enabled && mfa.totp_enabled,
            "security_keys_enabled": mfa.enabled && mfa.security_keys.enabled,
        }),
    );
    let emails: Vec<Value> = account.emails.iter().map(|email| Value::Object(address(account, email))).collect();
    if !emails.is_empty() {
        wire.insert("emails".into(), emails.into());
    }
    if let Some(stored) = &account.username {
        wire.insert("username".into(), username(stored));
    }
    wire.insert("created_at".into(), account.user.created_at.rfc3339().into());
    wire.insert("updated_at".into(), account.user.updated_at.rfc3339().into());
    let Metadata { public, unsafe_, .. } = &account.metadata;
    wire.extend(metadata([("public_metadata", public), ("unsafe_metadata", unsafe_)]));
    wire.extend(names(account));
    Value::Object(wire)
}

/// The categories that hold something; without any the member is left out (§4.5).
fn metadata<const N: usize>(categories: [(&str, &Option<String>); N]) -> Option<(String, Value)> {
    let read = |text: &String| serde_json::from_str(text).ok().filter(|value: &Value| *value != json!({}));
    let kept = categories.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_ref().and_then(read)?)));
    let kept: Map<String, Value> = kept.collect();
    (!kept.is_empty()).then(|| ("metadata".to_owned(), Value::Object(kept)))
}

/// The user as administrators and receivers of webhooks see it (`spec/admin-api.md` §5.1).
pub(crate) fn admin_view(account: &Account, tenant: TenantId) -> Map<String, Value> {
    let mut wire = Map::new();
    wire.insert("id".into(), account.user.id.to_string().into());
    let credentials: Vec<Value> = account.passkeys.iter().map(credential).collect();
    if !credentials.is_empty() {
        wire.insert("webauthn_credentials".into(), credentials.into());
    }
    let emails: Vec<Value> = account.emails.iter().map(|email| Value::Object(admin_email(account, email))).collect();
    if !emails.is_empty() {
        wire.insert("emails".into(), emails.into());
    }
    if let Some(stored) = &account.username {
        wire.insert("username".into(), username(stored));
    }
    if let Some(own) = &account.password {
        wire.insert("password".into(), password(own, tenant));
    }
    if let Some(otp) = &account.otp {
        wire.insert("otp".into(), json!({"id": otp.id.to_string(), "created_at": otp.created_at.rfc3339()}));
    }
    wire.insert("created_at".into(), account.user.created_at.rfc3339().into());
    wire.insert("updated_at".into(), account.user.updated_at.rfc3339().into());
    wire.extend(all_metadata(&account.metadata));
    wire.extend(names(account));
    wire
}

/// What providers and administrators say the user is called (§5.1); what nobody has said is left out.
fn names(account: &Account) -> impl Iterator<Item = (String, Value)> + '_ {
    let Profile { name, given_name, family_name, picture } = &account.user.profile;
    let members = [("given_name", given_name), ("family_name", family_name), ("name", name), ("picture", picture)];
    let said = |text: &'_ Option<String>| text.as_deref().filter(|text| !text.is_empty()).map(Value::from);
    members.into_iter().filter_map(move |(member, text)| Some((member.to_owned(), said(text)?)))
}

/// All three categories, as administrators see them.
pub(crate) fn all_metadata(kept: &Metadata) -> Option<(String, Value)> {
    let Metadata { public, private, unsafe_ } = kept;
    metadata([("public_metadata", public), ("private_metadata", private), ("unsafe_metadata", unsafe_)])
}

pub(crate) fn admin_email(account: &Account, email: &Email) -> Map<String, Value> {
    let mut wire = address(account, email);
    wire.insert("created_at".into(), email.created_at.rfc3339().into());
    wire.insert("updated_at".into(), email.updated_at.rfc3339().into());
    wire
}

pub(crate) fn password(password: &PasswordInfo, tenant: TenantId) -> Value {
    json!({
        "id": password.id.to_string(),
        "tenant_id": tenant.to_string(),
        "created_at": password.created_at.rfc3339(),
        "updated_at": password.updated_at.rfc3339(),
    })
}

pub(crate) fn address(account: &Account, email: &Email) -> Map<String, Value> {
    let primary = Some(email.id) == account.user.primary_email;
    Map::from_iter([
        ("id".to_owned(), email.id.to_string().into()),
        ("address".to_owned(), email.address.as_str().into()),
        ("is_verified".to_owned(), email.verified.into()),
        ("is_primary".to_owned(), primary.into()),
    ])
}

fn username(stored: &StoredUsername) -> Value {
    json!({
        "id": stored.id.to_string(),
        "username": stored.username,
        "created_at": stored.created_at.rfc3339(),
        "updated_at": stored.updated_at.rfc3339(),
    })
}

pub(crate) fn credential(passkey: &Passkey) -> Value {
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
