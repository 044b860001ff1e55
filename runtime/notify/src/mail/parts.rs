//! What our mails are made of.

use super::template::Template;

/// The texts of a mail's body, in order; `None` stands for the code.
pub(super) fn parts(template: Template) -> &'static [Option<&'static str>] {
    match template {
        Template::Login => &[
            Some("greeting"),
            Some("login.intro"),
            None,
            Some("code.validity"),
            Some("code.keep-secret"),
            Some("code.not-you"),
        ],
        Template::Recovery => &[
            Some("greeting"),
            Some("recovery.intro"),
            None,
            Some("code.validity"),
            Some("code.keep-secret"),
            Some("recovery.not-you"),
        ],
        Template::EmailVerification => &[
            Some("greeting"),
            Some("email_verification.intro"),
            None,
            Some("code.validity"),
            Some("code.keep-secret"),
            Some("code.not-you"),
        ],
        Template::EmailLoginAttempted => &[
            Some("greeting"),
            Some("email_login_attempted.intro"),
            Some("email_login_attempted.was-you"),
            Some("email_login_attempted.was-not-you"),
        ],
        Template::EmailRegistrationAttempted => &[
            Some("greeting"),
            Some("email_registration_attempted.intro"),
            Some("email_registration_attempted.was-you"),
            Some("email_registration_attempted.was-not-you"),
        ],
        Template::CredentialsRemoved => &[
            Some("greeting"),
            Some("credentials_removed.intro"),
            Some("credentials_removed.was-you"),
            Some("credentials_removed.was-not-you"),
        ],
        Template::PasswordUpdate => &[Some("greeting"), Some("password_update.intro"), Some("notice.not-you")],
        Template::PrimaryEmailUpdate => &[Some("greeting"), Some("primary_email_update.intro"), Some("notice.not-you")],
        Template::EmailCreate => &[Some("greeting"), Some("email_create.intro"), Some("notice.not-you")],
        Template::EmailDelete => &[Some("greeting"), Some("email_delete.intro"), Some("notice.not-you")],
        Template::PasskeyCreate => &[Some("greeting"), Some("passkey_create.intro"), Some("notice.not-you")],
        Template::MfaCreate => &[Some("greeting"), Some("mfa_create.intro"), Some("notice.not-you")],
        Template::MfaDelete => &[Some("greeting"), Some("mfa_delete.intro"), Some("notice.not-you")],
        Template::PasswordRecovery => &[Some("greeting"), Some("password_recovery.intro"), Some("notice.not-you")],
        Template::NewSession => &[Some("greeting"), Some("new_session.intro"), Some("notice.not-you")],
        Template::PasswordLimit => &[
            Some("greeting"),
            Some("password_limit.intro"),
            Some("password_limit.still-works"),
            Some("password_limit.nothing-to-do"),
        ],
    }
}

/// Every text a mail says.
pub(super) fn texts(template: Template) -> impl Iterator<Item = String> {
    let name = template.as_str();
    let own = [format!("{name}.subject"), format!("{name}.preheader"), "footer".to_owned()];
    own.into_iter().chain(parts(template).iter().flatten().map(|id| (*id).to_owned()))
}
