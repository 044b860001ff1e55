//! Mails of made-up events, to look at and to check templates with.

use hanko_domain::{EmailAddress, Secret, Timestamp};

use super::{
    message::{Code, Details, Message, Session},
    template::Template,
};

/// The code of every sample.
pub(crate) const CODE: &str = "482913";

impl Message {
    /// A mail about nothing that happened. `None` never happens: the addresses are addresses.
    pub(crate) fn sample(template: Template, language: &str, service_name: &str) -> Option<Self> {
        let address = |text| EmailAddress::parse(text).ok();
        let at = Timestamp::from_seconds(1_790_000_000);
        let code = Code {
            text: Secret::new(CODE.to_owned()),
            ttl_seconds: 300,
            valid_until: Timestamp::from_seconds(1_790_000_300),
        };
        let user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned();
        let mut message = Self::notice(template, address("kim@fern.example")?, language, service_name);
        message.code = template.carries_code().then_some(code);
        message.details = Details {
            old_address: address("kim@fern.example"),
            new_address: address("kim+new@meadow.example"),
            deleted_address: address("kim.old@meadow.example"),
            session: Some(Session { user_agent, at }),
        };
        Some(message)
    }
}
