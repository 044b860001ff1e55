//! What is true of every answer.

use hanko_flow::{Body, Reply};
use serde::Deserialize;
use serde_json::{Map, Value};

/// §1.8, 404 in the profile, and 503 for a crowd.
const STATUSES: [u16; 9] = [200, 400, 401, 403, 404, 410, 429, 500, 503];

/// No answer is longer, however long the question was. A QR code is 7 KiB of it.
const LONGEST: usize = 32 * 1024;

#[derive(Deserialize)]
struct Submission {
    #[serde(default, rename = "input_data")]
    _input_data: Option<Map<String, Value>>,
    #[serde(default, rename = "csrf_token")]
    _csrf_token: String,
}

/// Checks the answer to a request and returns its document.
pub(crate) fn check(flow: &str, action: Option<&str>, body: &Body, reply: &Reply) -> Value {
    let text = String::from_utf8(reply.body.clone()).expect("an answer is text");
    let document: Value = serde_json::from_str(&text).expect("an answer is JSON");
    assert!(text.len() <= LONGEST, "{} bytes", text.len());
    assert!(STATUSES.contains(&reply.status), "{text}");
    assert_eq!(document["status"], reply.status, "{text}");
    let (name, code) = (document["name"].as_str().expect("a name"), document["error"]["code"].as_str());
    let actions = document["actions"].as_object().expect("actions");
    assert!(document["csrf_token"].is_string() && document.get("links").is_some(), "{text}");
    assert_eq!(reply.status == 200, code.is_none(), "{text}");

    // The only 500s are of requests that cannot be read (§1.3, §1.4) and of a user without any way in (§1.8).
    if reply.status == 500 {
        let malformed = action.is_some_and(|action| is_malformed(action, body));
        assert!(malformed || code == Some("flow_discontinuity_error"), "{action:?} {body:?}: {text}");
    }
    if document.get("payload").is_none() {
        assert!(name == "error" && actions.is_empty() && document["csrf_token"] == "", "{text}");
    }
    for (key, action) in actions {
        let href = action["href"].as_str().expect("a href");
        assert!(href.starts_with(&format!("/{flow}?action={key}%40")), "{text}");
        assert_eq!(action["action"], key.as_str(), "{text}");
        assert!(action["inputs"].is_object(), "{text}");
    }
    // The one door, and in the profile whoever shows a factor again.
    match flow {
        "profile" => assert!(reply.token.is_none() || name == "profile_init" && reply.status == 200, "{text}"),
        _ => assert_eq!(reply.token.is_some(), name == "success" && reply.status == 200, "{text}"),
    }
    assert_eq!(reply.signed_out, name == "account_deleted", "{text}");
    assert!(reply.trusted_device.is_none() || reply.token.is_some(), "{text}");
    document
}

fn is_malformed(action: &str, body: &Body) -> bool {
    let readable = match body {
        Body::Empty => true,
        Body::UnsupportedContentType => false,
        Body::Json(bytes) => {
            let first = serde_json::Deserializer::from_slice(bytes).into_iter::<Submission>().next();
            matches!(first, Some(Ok(_)))
        }
    };
    let named = match action.split_once('@') {
        Some((name, id)) => !name.is_empty() && id.parse::<hanko_domain::FlowId>().is_ok(),
        None => false,
    };
    !action.is_empty() && (!readable || !named)
}
