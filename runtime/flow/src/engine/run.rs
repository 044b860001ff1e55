//! One request: the checks in the order of §1.4, the action, and the one transaction.

use std::time::Duration;

use hanko_domain::{FlowId, RequestMeta, Secret, Timestamp};
use hanko_store::{Work, flows::FlowRow};
use serde_json::{Map, Value};

use crate::{
    effect,
    engine::{
        Cx, Failure, Flow, FlowError, InputError, Step,
        declaration::AnyAction,
        identity,
        record::Record,
        render::{self, Refused},
        transition::{enter, go, refuse},
    },
    flows,
    sessions::{NewToken, SessionError, Valid},
    tenant::Tenant,
};

/// A request's body, as far as HTTP knows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// `Content-Length: 0`, or a form, of which no member is read: no input and no CSRF token.
    Empty,
    /// Said to be JSON.
    Json(Vec<u8>),
    /// Said to be something else.
    UnsupportedContentType,
}

/// The answer.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status, the same as in the document.
    pub status: u16,
    /// The document and a line feed.
    pub body: Vec<u8>,
    /// The session that was made.
    pub token: Option<NewToken>,
    /// The device is trusted from now on.
    pub trusted_device: Option<TrustedDevice>,
    /// The session has ended with its user: the browser should forget it.
    pub signed_out: bool,
    /// With 503: when to come back.
    pub retry_after: Option<Duration>,
    /// The action that was refused and the code of the reason.
    pub refused: Option<(&'static str, &'static str)>,
    /// With the answer that ends a run: how long it took, to a second.
    pub took: Option<Duration>,
}

impl Reply {
    /// The answer when it could not be found out whose request it is (`spec/flow-profile.md` §1.3).
    pub fn failed(error: &SessionError) -> Self {
        let error = match error {
            SessionError::Busy(_) => FlowError::Busy,
            _ => FlowError::Technical,
        };
        Self::of(Answer::of(render::short(error)))
    }

    fn of(answer: Answer) -> Self {
        let Answer { status, document, token, trusted_device, signed_out, refused, took } = answer;
        let mut body = serde_json::to_vec(&document).unwrap_or_default();
        body.push(b'\n');
        let retry_after = (status == FlowError::Busy.status()).then_some(Duration::from_secs(2));
        Self { status, body, token, trusted_device, signed_out, retry_after, refused, took }
    }
}

/// The value of the trusted-device cookie to set (`spec/flow-login-registration.md` §4.8).
#[derive(Clone, Debug)]
pub struct TrustedDevice {
    /// The whole value, other users of the device included.
    pub cookie: Secret<String>,
    /// How long the browser keeps it.
    pub lifetime: Duration,
}

/// What a body says.
#[derive(Default)]
struct Submission {
    inputs: Map<String, Value>,
    csrf_token: String,
}

/// Answers a request to a flow: `flow` is `login`, `registration` or `profile`, `action` the decoded query value. `prefix` stands
/// before the paths in the answer, `session` is the request's, if it has one that holds. `None`: there is no such flow.
pub async fn run(
    tenant: &Tenant,
    flow: &str,
    prefix: &str,
    action: Option<&str>,
    body: Body,
    request: &RequestMeta,
    session: Option<&Valid>,
) -> Option<Reply> {
    let flow = flows::find(flow)?;
    let session = session.filter(|_| flow.for_users);
    let outcome = match action {
        _ if flow.for_users && session.is_none() => Err(Failure::refused(FlowError::Unauthorized)),
        None | Some("") => begin(tenant, flow, prefix, request, session).await,
        Some(action) => act(tenant, flow, prefix, action, body, request, session).await,
    };
    let answer = outcome.unwrap_or_else(|failure| {
        let error = match failure {
            Failure::Refused { error, .. } => error,
            Failure::Malformed(cause) => {
                tracing::debug!(tenant = %tenant.id(), request = request.id, flow = flow.name, cause, "malformed flow request");
                FlowError::Technical
            }
            Failure::Aborted { error, cause } => {
                tracing::error!(tenant = %tenant.id(), request = request.id, flow = flow.name, cause, "flow request failed");
                error
            }
        };
        Answer::of(render::short(error))
    });
    Some(Reply::of(answer))
}

/// An answer before it is bytes.
struct Answer {
    status: u16,
    document: Value,
    token: Option<NewToken>,
    trusted_device: Option<TrustedDevice>,
    signed_out: bool,
    refused: Option<(&'static str, &'static str)>,
    took: Option<Duration>,
}

impl Answer {
    fn of((status, document): (u16, Value)) -> Self {
        Self { status, document, token: None, trusted_device: None, signed_out: false, refused: None, took: None }
    }
}

type Outcome = Result<Answer, Failure>;

/// Begins a run; nothing is stored until its first action.
async fn begin(
    tenant: &Tenant,
    flow: &'static Flow,
    prefix: &str,
    request: &RequestMeta,
    session: Option<&Valid>,
) -> Outcome {
    let inner = tenant.inner();
    let now = inner.clock.now();
    let id = identity::begin(&inner.flow_key, flow.name, &inner.random, now);
    let record = Record::begin(identity::first_csrf_token(&inner.flow_key, id), flow.initial);
    let mut cx = context(tenant, flow, id, (request, session), now, &record);
    let state = record.at.state.clone();
    enter(&mut cx, &state).await?;
    Ok(Answer::of(render::document(&cx, prefix, &record.csrf_token, None)))
}

async fn act(
    tenant: &Tenant,
    flow: &'static Flow,
    prefix: &str,
    action: &str,
    body: Body,
    request: &RequestMeta,
    session: Option<&Valid>,
) -> Outcome {
    let submission = bind(body)?;
    let (action, id) = action.split_once('@').ok_or_else(|| malformed("the action names no flow"))?;
    let id: FlowId = id.parse().map_err(|_| malformed("the action's flow is no UUID"))?;
    let _turn = tenant.inner().turns.take(id).await;
    if action.is_empty() {
        return Err(malformed("the action has no name"));
    }
    let now = tenant.inner().clock.now();
    let (version, expires_at, old) = load(tenant, flow, id, now).await?;
    if !hanko_domain::secret::constant_time_eq(old.csrf_token.as_bytes(), submission.csrf_token.as_bytes()) {
        return Err(not_permitted());
    }
    let mut cx = context(tenant, flow, id, (request, session), now, &old);
    let state = flow.find(&cx.state).ok_or_else(|| Failure::internal(format_args!("unknown state {}", cx.state)))?;
    let action = state.action(action).ok_or_else(not_permitted)?;
    prepare(&mut cx, action).await?;
    if action.suspended(&cx) {
        return Err(not_permitted());
    }

    let inputs = submission.inputs;
    let step = match perform(&mut cx, action, &inputs).await {
        Ok(step) => {
            let gone = go(&mut cx, &old, step).await;
            if gone.is_err() {
                // What the step would have changed does not happen without it.
                cx.effects.clear();
            }
            gone
        }
        Err(failure) => Err(failure),
    };
    let (record, refused) = match step {
        Ok(record) => (record, None),
        Err(Failure::Refused { error, inputs: errors }) => {
            (refuse(&mut cx, &old, error).await?, Some(Refused { action: action.name(), submitted: &inputs, errors }))
        }
        Err(aborted) => return Err(aborted),
    };
    let (record, refused) = match write(&mut cx, version, expires_at, &record).await {
        Ok(()) => (record, refused),
        // Somebody was faster with what was asked for; the row is as it was.
        Err(Failure::Refused { error, inputs: errors }) if !errors.is_empty() => {
            cx = context(tenant, flow, id, (request, session), now, &old);
            prepare(&mut cx, action).await?;
            if !asks_for(action, &cx, &errors) {
                return Err(Failure::internal("what this run has asked for earlier was taken meanwhile"));
            }
            let record = refuse(&mut cx, &old, error).await?;
            write(&mut cx, version, expires_at, &record).await?;
            (record, Some(Refused { action: action.name(), submitted: &inputs, errors }))
        }
        Err(failure) => return Err(failure),
    };
    let (status, document) = render::document(&cx, prefix, &record.csrf_token, refused.as_ref());
    let input = refused.as_ref().and_then(|refused| refused.errors.first()).map(|(_, error)| error.code());
    let refused = cx.error.map(|error| (action.name(), input.unwrap_or(error.code())));
    let began = expires_at - flow.ttl;
    let took = (cx.state == "success").then(|| now.since(began));
    let (token, trusted_device, signed_out) = (cx.token, cx.trusted_device, cx.signed_out);
    Ok(Answer { status, document, token, trusted_device, signed_out, refused, took })
}

/// Runs what comes before every action.
async fn prepare(cx: &mut Cx<'_>, action: &dyn AnyAction) -> Result<(), Failure> {
    cx.action = action.name();
    for hook in &cx.flow.before_each {
        hook.run(cx).await?;
    }
    Ok(())
}

/// Performs the action, or what has to happen before.
async fn perform(cx: &mut Cx<'_>, action: &dyn AnyAction, inputs: &Map<String, Value>) -> Result<Step, Failure> {
    if let Some(detour) = &cx.flow.detour
        && let Some(step) = detour.instead(cx).await?
    {
        return Ok(step);
    }
    action.perform(cx, inputs).await
}

/// Whether an action has the inputs that are wrong.
fn asks_for(action: &dyn AnyAction, cx: &Cx<'_>, errors: &[(&'static str, InputError)]) -> bool {
    let inputs = action.inputs(cx);
    errors.iter().all(|(name, _)| inputs.iter().any(|input| input.name == *name))
}

/// Reads the first JSON value of the body; what follows is ignored, as upstream does (§1.3).
fn bind(body: Body) -> Result<Submission, Failure> {
    let bytes = match body {
        Body::Empty => return Ok(Submission::default()),
        Body::UnsupportedContentType => return Err(malformed("the body is not JSON")),
        Body::Json(bytes) => bytes,
    };
    let mut members: Map<String, Value> = match serde_json::Deserializer::from_slice(&bytes).into_iter().next() {
        Some(Ok(members)) => members,
        Some(Err(error)) if is_hostile(&bytes, &error) => return Err(Failure::refused(FlowError::FormDataInvalid)),
        _ => return Err(malformed("the body cannot be read")),
    };
    let inputs = match members.remove("input_data") {
        Some(Value::Object(inputs)) => inputs,
        None | Some(Value::Null) => Map::new(),
        Some(_) => return Err(malformed("`input_data` is no object")),
    };
    let csrf_token = match members.remove("csrf_token") {
        Some(Value::String(token)) => token,
        None => String::new(),
        Some(_) => return Err(malformed("`csrf_token` is no text")),
    };
    Ok(Submission { inputs, csrf_token })
}

/// Neither an accident nor in the contract's list of what is malformed: no text at all, or nested to exhaust the stack.
fn is_hostile(bytes: &[u8], error: &serde_json::Error) -> bool {
    std::str::from_utf8(bytes).is_err() || error.to_string().starts_with("recursion limit exceeded")
}

/// The stored run, or the one whose id says that it began here and has not been stored.
async fn load(tenant: &Tenant, flow: &Flow, id: FlowId, now: Timestamp) -> Result<(i64, Timestamp, Record), Failure> {
    let inner = tenant.inner();
    let (version, expires_at, record) = match inner.store.flow(id).await? {
        Some(row) if row.flow != flow.name => return Err(not_permitted()),
        Some(row) => (row.version, row.expires_at, Some(row.data)),
        None => {
            let began = identity::began(&inner.flow_key, flow.name, id).ok_or_else(not_permitted)?;
            (0, began + flow.ttl, None)
        }
    };
    if now > expires_at {
        return Err(Failure::refused(FlowError::Expired));
    }
    let record = match record {
        Some(sealed) => Record::open(&sealed, &inner.sealer, id)?,
        None => Record::begin(identity::first_csrf_token(&inner.flow_key, id), flow.initial),
    };
    Ok((version, expires_at, record))
}

/// Phase two. Its first statement decides who won; the loser learns what a stale token learns.
async fn write(cx: &mut Cx<'_>, version: i64, expires_at: Timestamp, record: &Record) -> Result<(), Failure> {
    let inner = cx.tenant.inner();
    let data = record.seal(&inner.sealer, cx.id, &inner.random)?;
    let row = FlowRow { flow: cx.flow.name.to_owned(), version: version + 1, data, expires_at };
    let mut work = inner.store.begin().await?;
    let won = match work.write_flow(cx.id, version, &row).await {
        Ok(true) => apply(cx, &mut work).await,
        Ok(false) => Ok(false),
        Err(error) => Err(error.into()),
    };
    match won {
        Ok(true) => Ok(work.commit().await?),
        Ok(false) => {
            work.rollback().await?;
            Err(not_permitted())
        }
        Err(failure) => {
            work.rollback().await?;
            Err(failure)
        }
    }
}

async fn apply(cx: &mut Cx<'_>, work: &mut Work) -> Result<bool, Failure> {
    // The user's row before the session's, as in every other transaction: two never wait for each other.
    let as_read = match &cx.as_read {
        Some(account) => effect::is_as_read(account, &cx.effects, work, cx.now).await?,
        None => true,
    };
    if let Some(session) = cx.session
        && !work.use_session(session.session.id, cx.now).await?
    {
        return Err(Failure::refused(FlowError::Unauthorized));
    }
    if !as_read {
        return Ok(false);
    }
    effect::apply_all(std::mem::take(&mut cx.effects), work, cx.inner(), cx.request, cx.now).await
}

fn context<'a>(
    tenant: &'a Tenant,
    flow: &'a Flow,
    id: FlowId,
    (request, session): (&'a RequestMeta, Option<&'a Valid>),
    now: Timestamp,
    record: &Record,
) -> Cx<'a> {
    Cx {
        tenant,
        flow,
        id,
        request,
        now,
        state: record.at.state.clone(),
        previous: record.at.previous.clone(),
        queue: record.at.queue.clone(),
        scheduled: Vec::new(),
        stash: record.at.stash.clone(),
        kept: record.kept.clone(),
        payload: Map::new(),
        effects: Vec::new(),
        error: None,
        token: None,
        trusted_device: None,
        as_read: None,
        can_go_back: record.can_go_back(),
        visited: record.history.iter().map(|snapshot| snapshot.at.state.clone()).collect(),
        action: "",
        session,
        profile: None,
        signed_out: false,
    }
}

fn not_permitted() -> Failure {
    Failure::refused(FlowError::NotPermitted)
}

fn malformed(cause: &'static str) -> Failure {
    Failure::Malformed(cause)
}
