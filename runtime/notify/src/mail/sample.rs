//! Mails of made-up events, to look at and to try templates with.

use hanko_domain::{EmailAddress, Secret, Timestamp};

use super::{
    message::{Code, Details, Message, Session},
    template::{Detail, Template},
};

/// The code of every sample.
pub(super) const CODE: &str = "482913";

/// When the samples' events happened.
pub(super) const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

impl Message {
    /// A mail of each shape a template can have; the first is the usual one.
    pub(super) fn samples(template: Template, language: &str, service_name: &str) -> Vec<Self> {
        // The device of a sign-in may be unknown.
        let browsers: &[&str] = if template == Template::NewSession { &[BROWSER, ""] } else { &[BROWSER] };
        browsers.iter().filter_map(|browser| sample(template, language, service_name, browser)).collect()
    }
}

fn sample(template: Template, language: &str, service_name: &str, browser: &str) -> Option<Message> {
    let address = |text| EmailAddress::parse(text).ok();
    let told = |detail, text| if template.details().contains(&detail) { address(text) } else { None };
    let mut message = Message::notice(template, address("kim@fern.example")?, language, service_name);
    message.code = template.carries_code().then(|| Code {
        text: Secret::new(CODE.to_owned()),
        ttl_seconds: 300,
        valid_until: NOW + std::time::Duration::from_secs(300),
    });
    let session = || Session { user_agent: browser.to_owned(), at: NOW };
    message.details = Details {
        old_address: told(Detail::OldAddress, "kim@fern.example"),
        new_address: told(Detail::NewAddress, "kim+new@meadow.example"),
        deleted_address: told(Detail::DeletedAddress, "kim.old@meadow.example"),
        session: template.details().contains(&Detail::Session).then(session),
    };
    Some(message)
}
