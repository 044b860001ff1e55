//! The flows' requests and answers (`spec/flow-login-registration.md` §1). The engine builds them; here are their schemas.

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, HttpMethod, PathItem, Paths, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
        path::{OperationBuilder, ParameterBuilder, ParameterIn},
        request_body::RequestBodyBuilder,
    },
};
use utoipa_axum::router::UtoipaMethodRouter;

/// What a client sends with an action.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct FlowRequest {
    /// The inputs that the action lists, by their names.
    #[schema(required = false, example = json!({"email": "jane@acme.test"}))]
    input_data: BTreeMap<String, Value>,
    /// The one of the newest document.
    csrf_token: String,
}

/// A state of a flow: what can be done next.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct FlowDocument {
    /// The state's name.
    #[schema(example = "login_init")]
    name: String,
    /// The answer's HTTP status.
    #[schema(example = 200)]
    status: u16,
    /// To be sent with the next action.
    #[schema(required = false)]
    csrf_token: String,
    /// What the state shows: options for the browser, the user, the claims of a new session.
    #[schema(required = false)]
    payload: BTreeMap<String, Value>,
    /// What can be done, by name. `href` is where to send it.
    actions: BTreeMap<String, FlowAction>,
    #[schema(required = false)]
    error: FlowError,
    /// Unused.
    links: Option<Vec<Value>>,
}

/// Something that can be done in a state.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct FlowAction {
    /// Path and query to send it to.
    #[schema(example = "/login?action=continue_with_login_identifier%40f2882293-f1d6-4a9d-91a2-b3b28f6a4c50")]
    href: String,
    /// What it takes, by name.
    inputs: BTreeMap<String, Value>,
    #[schema(example = "continue_with_login_identifier")]
    action: String,
    description: String,
}

/// Why something was refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only the schema is used")]
struct FlowError {
    #[schema(example = "form_data_invalid_error")]
    code: String,
    message: String,
}

/// Describes a flow's endpoint and registers its handler.
pub(crate) fn flow(path: &str, what: &str, router: axum::routing::MethodRouter) -> UtoipaMethodRouter {
    let action = ParameterBuilder::new()
        .name("action")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("`<action>@<flow id>`, as the `href` of an action says. Without it a new run begins."))
        .schema(Some(String::schema()));
    let body = RequestBodyBuilder::new()
        .description(Some("Needed with an action."))
        .content("application/json", Content::new(Some(Ref::from_schema_name(FlowRequest::name()))));
    let operation = OperationBuilder::new()
        .tag("flows")
        .summary(Some(what))
        .description(Some("A refused action is answered with the same kind of document: `error`, or the `error` of an input, says why."))
        .parameter(action)
        .request_body(Some(body.build()))
        .response("200", document("The state. A flow that ends well sets the session."))
        .response("400", document("An input is wrong."))
        .response("401", document("What was shown is wrong."))
        .response("403", document("Not possible in this state, or the CSRF token is not the newest."))
        .response("404", Response::new("The project has no such flow."))
        .response("410", document("The run is too old."))
        .response("429", document("Too many attempts; the payload says how long to wait."))
        .response("500", document("Something went wrong here, or the request cannot be read."))
        .response("503", document("Too much to do; `Retry-After` says when to come back."));
    let mut paths = Paths::new();
    paths.paths.insert(path.to_owned(), PathItem::new(HttpMethod::Post, operation));
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    for (name, schema) in [
        (FlowRequest::name(), FlowRequest::schema()),
        (FlowDocument::name(), FlowDocument::schema()),
        (FlowAction::name(), FlowAction::schema()),
        (FlowError::name(), FlowError::schema()),
    ] {
        schemas.push((name.into_owned(), schema));
    }
    (schemas, paths, router)
}

fn document(description: &str) -> ResponseBuilder {
    let content = Content::new(Some(Ref::from_schema_name(FlowDocument::name())));
    ResponseBuilder::new().description(description).content("application/json", content)
}
