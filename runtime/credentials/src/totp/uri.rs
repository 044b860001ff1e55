//! The key URI format that authenticator apps read.

use hanko_domain::Secret;

pub(super) fn provisioning(secret: &Secret<String>, issuer: &str, account: &str) -> Secret<String> {
    let (issuer, account, secret) = (escape(issuer), escape(account), secret.expose());
    Secret::new(format!(
        "otpauth://totp/{issuer}:{account}?algorithm=SHA1&digits=6&issuer={issuer}&period=30&secret={secret}"
    ))
}

/// All but the unreserved characters of RFC 3986 §2.3, so that a colon or an ampersand in a name is no delimiter. Apps show a
/// plus sign as it is, a blank must be `%20`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}
