//! A mail as receivers of `email.send` are told of it (`spec/webhooks-and-audit.md` §5.3).

use serde_json::{Map, Value, json};

use super::{Message, Rendered};

/// What the event says. It holds the code in clear: sealed until it is sent, and sent to receivers the project chose.
/// `delivered`: the project's mail server has taken the mail.
pub(super) fn told(message: &Message, words: &Rendered, delivered: bool) -> Value {
    let notification = message.template.is_security_notification();
    json!({
        "subject": words.subject,
        "body_plain": words.text,
        "body": words.html,
        "to_email_address": message.to.as_str(),
        "delivered_by_hanko": delivered,
        "accept_language": if notification { "" } else { &message.language },
        "language": message.language,
        "type": message.template.event_type(),
        "data": data(message, notification),
    })
}

/// The members that are not empty.
fn data(message: &Message, notification: bool) -> Map<String, Value> {
    let mut data = Map::new();
    if notification {
        data.insert("template".into(), message.template.as_str().into());
    }
    if !message.service_name.is_empty() {
        data.insert("service_name".into(), message.service_name.as_str().into());
    }
    if let Some(code) = &message.code {
        data.insert("otp_code".into(), code.text.expose().as_str().into());
        data.insert("ttl".into(), code.ttl_seconds.into());
        data.insert("valid_until".into(), code.valid_until.seconds().into());
    }
    for (name, address) in message.addresses() {
        data.insert(format!("{name}_address"), address.as_str().into());
    }
    data
}

#[cfg(test)]
mod tests {
    use hanko_domain::{EmailAddress, Secret, Timestamp};

    use super::*;
    use crate::mail::Template;

    fn words() -> Rendered {
        Rendered { language: "de", subject: "Betreff".into(), text: "Text\n".into(), html: "<p>Text</p>".into() }
    }

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    #[test]
    fn a_code_is_told_with_how_long_it_is_good() {
        let until = Timestamp::from_seconds(1_790_000_300);
        let code = Secret::new("482913".to_owned());
        let message =
            Message::code(Template::EmailVerification, address("kim@fern.example"), "de-AT", "Acme", code, 300, until);
        let expected = json!({
            "subject": "Betreff", "body_plain": "Text\n", "body": "<p>Text</p>", "to_email_address": "kim@fern.example",
            "delivered_by_hanko": false, "accept_language": "de-AT", "language": "de-AT", "type": "email_verification",
            "data": {"service_name": "Acme", "otp_code": "482913", "ttl": 300, "valid_until": 1_790_000_300},
        });
        assert_eq!(told(&message, &words(), false), expected);
        let attempt = Message::notice(Template::EmailLoginAttempted, address("kim@fern.example"), "", "");
        let said = told(&attempt, &words(), true);
        assert_eq!((&said["type"], &said["data"]), (&json!("email_login_attempted"), &json!({})));
    }

    #[test]
    fn a_notice_is_told_with_its_template_and_the_addresses_it_speaks_of() {
        let notice = Message::notice(Template::PrimaryEmailUpdate, address("old@fern.example"), "de", "Acme")
            .with_old_address(address("old@fern.example"))
            .with_new_address(address("new@fern.example"));
        let said = told(&notice, &words(), true);
        assert_eq!((&said["type"], &said["accept_language"]), (&json!("security_notification"), &json!("")));
        let expected = json!({
            "template": "primary_email_update", "service_name": "Acme",
            "old_email_address": "old@fern.example", "new_email_address": "new@fern.example",
        });
        assert_eq!(said["data"], expected);
        let gone = Message::notice(Template::EmailDelete, address("kim@fern.example"), "", "Acme")
            .with_deleted_address(address("gone@fern.example"));
        assert_eq!(told(&gone, &words(), true)["data"]["deleted_email_address"], "gone@fern.example");
    }
}
