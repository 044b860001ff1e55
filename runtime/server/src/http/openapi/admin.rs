//! What is said of the admin listener as a whole.

pub(crate) mod user;

use serde_json::json;

use super::{Answers, HEALTH, Listener, Operation};

/// Accounts.
pub(crate) const USERS: &str = "users";
/// The audit log.
pub(crate) const AUDIT: &str = "audit";
/// Receivers of events.
pub(crate) const WEBHOOKS: &str = "webhooks";
/// Keys of the API.
pub(crate) const API_KEYS: &str = "api keys";
/// The project as it is served.
pub(crate) const PROJECT: &str = "project";
/// What answers without a key: nothing of it belongs to a project.
pub(crate) const PROCESS: &str = "process";

/// The listener.
pub(crate) fn listener() -> Listener {
    Listener {
        title: "Admin API",
        description: "What an application's back end and its operators call, on a port of its own. A call names the project by its host; \
            where the process serves a single project, any host will do. The description itself needs a key as well. Names of query \
            parameters and of members of a body mean the same in any case; `?pretty` indents an answer.",
        servers: json!([
            {"url": "/", "description": "The admin port."},
            {"url": "/admin", "description": "The same."},
        ]),
        tags: json!([
            {"name": USERS, "description": "Accounts and whatever belongs to them. Scope `users`; what changes nothing, also `read`."},
            {"name": AUDIT, "description": "The audit log. Scope `audit` or `read`."},
            {"name": WEBHOOKS, "description": "Receivers of events. Scope `webhooks`; what changes nothing, also `read`."},
            {"name": API_KEYS, "description": "Keys of this API. Scope `all`."},
            {"name": PROJECT, "description": "The project as it is served."},
            {"name": PROCESS, "description": "What the platform asks of the process. No key."},
            {"name": HEALTH, "description": "Whether the process lives and is ready. No key."},
        ]),
        security_schemes: json!({
            "bearer": {"type": "http", "scheme": "bearer", "description": "An API key of the project."},
            "apiKey": {"type": "apiKey", "in": "header", "name": "apiKey", "description": "The same, in a header of its own."},
        }),
        security: |tag| (!is_open(tag)).then(|| json!([{"bearer": []}, {"apiKey": []}])),
        answers,
    }
}

fn is_open(tag: &str) -> bool {
    matches!(tag, HEALTH | PROCESS)
}

fn answers(operation: &Operation<'_>, answers: &mut Answers<'_>) {
    if is_open(operation.tag) {
        return;
    }
    answers.add("401", "No API key, or one that is not known or has expired.");
    answers.add("403", "The API key may not do this; `message` says which scope can.");
    answers.add_of_tenant();
    // A stream says what is wrong with it in its answer.
    if operation.has_body && operation.path != "/users/import" {
        answers.add_of_body();
    }
}
