//! What is said of the public listener as a whole.

use serde_json::json;

use super::{Answers, HEALTH, Listener, Operation};

/// Endpoints that upstream has removed; one switch of the project turns them off.
pub(crate) const DEPRECATED: &str = "deprecated";
/// Back ends ask at every request of theirs, all from one address: not limited.
const SESSIONS: [&str; 2] = ["/sessions/validate", "/session"];

/// The listener.
pub(crate) fn listener() -> Listener {
    Listener {
        title: "Public API",
        description: "What browsers, apps and back ends call: the flows, sessions, and the REST endpoints of earlier versions. \
            The base is the project's own host.",
        servers: json!([{"url": "/", "description": "The project's host."}]),
        tags: json!([
            {"name": "flows", "description": "Signing up, signing in, and the profile, step by step."},
            {"name": "sessions", "description": "Who is signed in."},
            {"name": "project", "description": "What the project publishes."},
            {"name": DEPRECATED, "description": "Endpoints of earlier versions. `legacyApi.enabled: false` in the project turns them off: \
                they answer 404, as one does that the project's other settings leave out. They send their mails in the language of \
                `Accept-Language`."},
            {"name": HEALTH, "description": "Whether the process lives and is ready."},
        ]),
        security_schemes: json!({
            "cookie": {
                "type": "apiKey", "in": "cookie", "name": "hanko",
                "description": "The session token as the browser keeps it. The project can name the cookie otherwise.",
            },
            "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The session token."},
        }),
        security: |_| None,
        answers,
    }
}

fn answers(operation: &Operation<'_>, answers: &mut Answers<'_>) {
    if operation.tag == DEPRECATED {
        answers.add("404", "The project does not offer this.");
    }
    if operation.tag != HEALTH && operation.method != "get" && !SESSIONS.contains(&operation.path) {
        answers.add("429", "Too many requests; `Retry-After` says how long to wait.");
    }
    if operation.has_body {
        answers.add_of_body();
    }
    if operation.tag != HEALTH {
        answers.add_of_tenant();
    }
}
