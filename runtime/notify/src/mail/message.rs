//! A mail as a flow asks for it, and how it is written down until it is sent.

use std::borrow::Cow;

use hanko_domain::{EmailAddress, Secret, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::template::{Detail, Template};

/// A mail as a flow asks for it. Everything it says is fixed now; how it looks is decided when it is sent.
#[derive(Clone, Debug)]
pub struct Message {
    pub(crate) template: Template,
    pub(crate) to: EmailAddress,
    pub(crate) language: String,
    pub(crate) service_name: String,
    pub(crate) code: Option<Code>,
    pub(crate) details: Details,
    pub(super) owner: Option<UserId>,
}

/// A code and how long it is good.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) text: Secret<String>,
    pub(crate) ttl_seconds: u32,
    pub(crate) valid_until: Timestamp,
}

/// What some notices tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Details {
    pub(crate) old_address: Option<EmailAddress>,
    pub(crate) new_address: Option<EmailAddress>,
    pub(crate) deleted_address: Option<EmailAddress>,
    pub(crate) session: Option<Session>,
}

/// A sign-in.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Session {
    /// `User-Agent` as sent.
    pub(crate) user_agent: String,
    pub(crate) at: Timestamp,
}

impl Message {
    /// A mail with a code, for the templates that carry one. `language` is `X-Language` as sent; it is resolved when the mail is
    /// rendered. The mail is never sent after `valid_until`.
    pub fn code(
        template: Template,
        to: EmailAddress,
        language: impl Into<String>,
        service_name: impl Into<String>,
        code: Secret<String>,
        ttl_seconds: u32,
        valid_until: Timestamp,
    ) -> Self {
        let code = Code { text: code, ttl_seconds, valid_until };
        Self { code: Some(code), ..Self::notice(template, to, language, service_name) }
    }

    /// A mail without a code, for all other templates.
    pub fn notice(
        template: Template,
        to: EmailAddress,
        language: impl Into<String>,
        service_name: impl Into<String>,
    ) -> Self {
        Self {
            template,
            to,
            language: language.into(),
            service_name: service_name.into(),
            code: None,
            details: Details::default(),
            owner: None,
        }
    }

    /// Whose account a notice speaks of: the actor of the audit entry that is written with it.
    #[must_use]
    pub fn about(mut self, owner: UserId) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The address before, for `primary_email_update`.
    #[must_use]
    pub fn with_old_address(mut self, address: EmailAddress) -> Self {
        self.details.old_address = Some(address);
        self
    }

    /// The address that is new, for `primary_email_update` and `email_create`.
    #[must_use]
    pub fn with_new_address(mut self, address: EmailAddress) -> Self {
        self.details.new_address = Some(address);
        self
    }

    /// The address that is gone, for `email_delete`.
    #[must_use]
    pub fn with_deleted_address(mut self, address: EmailAddress) -> Self {
        self.details.deleted_address = Some(address);
        self
    }

    /// The sign-in, for `new_session`: `User-Agent` as sent, and when. Of the former only names we know are ever shown.
    #[must_use]
    pub fn with_session(mut self, user_agent: impl Into<String>, at: Timestamp) -> Self {
        self.details.session = Some(Session { user_agent: user_agent.into(), at });
        self
    }

    /// Which mail.
    pub fn template(&self) -> Template {
        self.template
    }

    /// The code in clear.
    pub(super) fn code_text(&self) -> Option<&str> {
        self.code.as_ref().map(|code| code.text.expose().as_str())
    }

    /// The addresses it speaks of, by the names that templates know.
    pub(super) fn addresses(&self) -> impl Iterator<Item = (&'static str, &EmailAddress)> {
        let Details { old_address, new_address, deleted_address, .. } = &self.details;
        let all = [("old_email", old_address), ("new_email", new_address), ("deleted_email", deleted_address)];
        all.into_iter().filter_map(|(name, address)| Some((name, address.as_ref()?)))
    }

    /// Whether everything is there that the template says.
    pub(super) fn is_complete(&self) -> bool {
        let Details { old_address, new_address, deleted_address, session } = &self.details;
        self.template.details().iter().all(|detail| match detail {
            Detail::OldAddress => old_address.is_some(),
            Detail::NewAddress => new_address.is_some(),
            Detail::DeletedAddress => deleted_address.is_some(),
            Detail::Session => session.is_some(),
        })
    }
}

/// The message as sealed at rest: what the recipient is told and what the event `email.send` says
/// (`spec/webhooks-and-audit.md` §5.3). The only place where the code is written out.
#[derive(Deserialize, Serialize)]
struct Snapshot<'a> {
    #[serde(rename = "type", skip_deserializing)]
    event_type: &'a str,
    template: Template,
    to: Cow<'a, EmailAddress>,
    language: Cow<'a, str>,
    service_name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_email_address: Option<Cow<'a, EmailAddress>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_email_address: Option<Cow<'a, EmailAddress>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_email_address: Option<Cow<'a, EmailAddress>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Cow<'a, Session>>,
}

impl Message {
    pub(super) fn to_snapshot(&self) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
        let Details { old_address, new_address, deleted_address, session } = &self.details;
        serde_json::to_vec(&Snapshot {
            event_type: self.template.event_type(),
            template: self.template,
            to: Cow::Borrowed(&self.to),
            language: Cow::Borrowed(&self.language),
            service_name: Cow::Borrowed(&self.service_name),
            code: self.code.as_ref().map(|code| Cow::Borrowed(code.text.expose().as_str())),
            ttl: self.code.as_ref().map(|code| code.ttl_seconds),
            valid_until: self.code.as_ref().map(|code| code.valid_until),
            old_email_address: old_address.as_ref().map(Cow::Borrowed),
            new_email_address: new_address.as_ref().map(Cow::Borrowed),
            deleted_email_address: deleted_address.as_ref().map(Cow::Borrowed),
            session: session.as_ref().map(Cow::Borrowed),
        })
        .map(Zeroizing::new)
    }

    pub(crate) fn from_snapshot(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let snapshot: Snapshot<'_> = serde_json::from_slice(bytes)?;
        let code = match (snapshot.code, snapshot.ttl, snapshot.valid_until) {
            (Some(text), Some(ttl_seconds), Some(valid_until)) => {
                Some(Code { text: Secret::new(text.into_owned()), ttl_seconds, valid_until })
            }
            _ => None,
        };
        Ok(Self {
            template: snapshot.template,
            to: snapshot.to.into_owned(),
            language: snapshot.language.into_owned(),
            service_name: snapshot.service_name.into_owned(),
            code,
            details: Details {
                old_address: snapshot.old_email_address.map(Cow::into_owned),
                new_address: snapshot.new_email_address.map(Cow::into_owned),
                deleted_address: snapshot.deleted_email_address.map(Cow::into_owned),
                session: snapshot.session.map(Cow::into_owned),
            },
            owner: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn message() -> Message {
        let until = Timestamp::from_seconds(1_790_000_300);
        Message::code(
            Template::Login,
            address("kim@acme.example"),
            "de",
            "Acme",
            Secret::new("482913".into()),
            300,
            until,
        )
    }

    #[test]
    fn a_snapshot_says_what_the_event_needs_and_brings_back_the_whole_message() {
        let bytes = message().to_snapshot().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let expected = serde_json::json!({
            "type": "login", "template": "login", "to": address("kim@acme.example"), "language": "de", "service_name": "Acme",
            "code": "482913", "ttl": 300, "valid_until": 1_790_000_300_000_000_i64,
        });
        assert_eq!(value, expected);
        assert_eq!(Message::from_snapshot(&bytes).unwrap().to_snapshot().unwrap(), bytes);

        let at = Timestamp::from_seconds(1_790_000_000);
        let notice = Message::notice(Template::PrimaryEmailUpdate, address("old@acme.example"), "", "Acme")
            .with_old_address(address("old@acme.example"))
            .with_new_address(address("new@acme.example"))
            .with_deleted_address(address("gone@acme.example"))
            .with_session("curl/8", at);
        let bytes = notice.to_snapshot().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(value["type"], "security_notification");
        assert_eq!(value["new_email_address"], serde_json::json!(address("new@acme.example")));
        assert_eq!(Message::from_snapshot(&bytes).unwrap().to_snapshot().unwrap(), bytes);
    }

    #[test]
    fn a_notice_s_snapshot_has_the_addresses_of_its_template_and_no_other() {
        let (old, new, gone) = ("old@acme.example", "new@acme.example", "gone@acme.example");
        for (template, told) in [
            (Template::PasswordUpdate, serde_json::json!({})),
            (
                Template::PrimaryEmailUpdate,
                serde_json::json!({"old_email_address": address(old), "new_email_address": address(new)}),
            ),
            (Template::EmailCreate, serde_json::json!({"new_email_address": address(new)})),
            (Template::EmailDelete, serde_json::json!({"deleted_email_address": address(gone)})),
            (Template::PasskeyCreate, serde_json::json!({})),
            (Template::MfaCreate, serde_json::json!({})),
            (Template::MfaDelete, serde_json::json!({})),
        ] {
            let mut message = Message::notice(template, address("kim@acme.example"), "de-AT", "Acme");
            assert_eq!(message.is_complete(), template.details().is_empty(), "{template:?}");
            for detail in template.details() {
                message = match detail {
                    Detail::OldAddress => message.with_old_address(address(old)),
                    Detail::NewAddress => message.with_new_address(address(new)),
                    Detail::DeletedAddress => message.with_deleted_address(address(gone)),
                    Detail::Session => panic!("{template:?} tells of no sign-in"),
                };
            }
            let mut expected = serde_json::json!({
                "type": "security_notification", "template": template.as_str(), "to": address("kim@acme.example"),
                "language": "de-AT", "service_name": "Acme",
            });
            expected.as_object_mut().unwrap().extend(told.as_object().unwrap().clone());
            let bytes = message.to_snapshot().unwrap();
            assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), expected);
        }
    }

    #[test]
    fn a_message_does_not_show_its_code() {
        assert!(!format!("{:?}", message()).contains("482913"));
    }
}
