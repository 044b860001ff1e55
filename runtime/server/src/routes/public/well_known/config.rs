//! `GET /.well-known/config` (`spec/configuration.md` §13).

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{extract::Tenant, http::json::Json};

const TEN_MINUTES: HeaderValue = HeaderValue::from_static("max-age=600");

/// What earlier versions of the elements go by.
#[derive(Serialize, ToSchema)]
#[schema(as = ProjectConfig)]
pub(crate) struct Config {
    password: Password,
    emails: Emails,
    /// Names of the enabled built-in identity providers; `null` when there is none.
    #[schema(example = json!(null))]
    providers: Option<Vec<String>>,
    account: Account,
    /// SAML is on and has a provider.
    use_enterprise: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PasswordConfig)]
struct Password {
    enabled: bool,
    /// In characters.
    #[schema(example = 8)]
    min_password_length: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = EmailsConfig)]
struct Emails {
    require_verification: bool,
    #[schema(example = 5)]
    max_num_of_addresses: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AccountConfig)]
struct Account {
    allow_deletion: bool,
    allow_signup: bool,
}

/// What the project allows.
#[utoipa::path(get, path = "/.well-known/config", tag = "project", responses(
    (status = 200, body = Config, headers(("Cache-Control" = String, description = "`max-age=600`"))),
))]
pub(crate) async fn config(Tenant(served): Tenant) -> Response {
    let settings = &served.configuration.project.settings;
    let config = Config {
        password: Password { enabled: settings.password.enabled, min_password_length: settings.password.min_length },
        emails: Emails {
            require_verification: settings.email.require_verification,
            max_num_of_addresses: settings.email.limit,
        },
        // No identity provider can be configured yet.
        providers: None,
        account: Account { allow_deletion: settings.allow_deletion, allow_signup: settings.allow_signup },
        use_enterprise: false,
    };
    ([(header::CACHE_CONTROL, TEN_MINUTES)], Json(config)).into_response()
}
