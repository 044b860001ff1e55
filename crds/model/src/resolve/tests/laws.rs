//! What holds for every document.

use proptest::prelude::*;

use super::*;
use crate::host::is_within;

/// Hosts of a few domains, so that they meet, and some that are none.
fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        "(auth|app|[a-z]{1,3})\\.(acme|fern)\\.(example|localhost|co\\.uk)",
        "[aA.*:/_-]{0,6}",
        Just("localhost".to_owned()),
        Just("127.0.0.1".to_owned()),
    ]
}

fn url() -> impl Strategy<Value = String> {
    ("(https|http|ftp|android)", host(), "(|:8443|/|/path|\\?q)")
        .prop_map(|(scheme, host, rest)| format!("{scheme}://{host}{rest}"))
}

prop_compose! {
    fn spec()(
        hosts in prop::collection::vec(host(), 1..3),
        origins in prop::collection::vec(url(), 0..3),
        public_url in prop::option::of(url()),
        domain in prop::option::of(host()),
        id in prop::option::of(host()),
    ) -> Value {
        json!({
            "hosts": hosts,
            "origins": origins,
            "publicUrl": public_url,
            "settings": {"session": {"cookie": {"domain": domain}}, "webauthn": {"relyingParty": {"id": id}}},
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_accepted_works_in_a_browser(spec in spec()) {
        let document = document(&spec.to_string());
        let Ok(project) = resolve(&document) else { return Ok(()) };
        let public_host = project.public_url.host_str().expect("a host");
        prop_assert!(project.hosts.iter().any(|host| host == public_host));
        prop_assert_eq!(project.public_url.path(), "/");
        prop_assert!(is_within(public_host, &project.settings.webauthn.relying_party_id));
        if let Some(domain) = &project.settings.session.cookie.domain {
            prop_assert!(project.hosts.iter().all(|host| is_within(host, domain)));
        }
        for origin in &project.origins {
            let url = url::Url::parse(origin).expect("a URL");
            prop_assert_eq!(&url.origin().ascii_serialization(), origin);
        }
        let again = parse(&render(&project, &document, "0.1.0"), Unknown::Refuse).expect("a rendered document").documents.remove(0);
        prop_assert_eq!(resolve(&again), Ok(project));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[a-zA-Z0-9:{}\\[\\], \n&*!|>'\"#-]{0,60}") {
        let _ = parse(&text, Unknown::Warn);
    }
}
