//! A tenant of its own for each input, made from a template: its database is a copy of one file with one account.

use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_lc_rs::hmac;
use hanko_credentials::{Hasher, password::PATIENCE};
use hanko_domain::{Clock, Random, RequestMeta, Secret, TenantId, Timestamp};
use hanko_flow::{
    Body, Reply, Tenant, TenantParts,
    sessions::{Checked, Use, Valid, validate},
};
use hanko_keys::{MasterKeys, Sealer, SigningKeys, seal::Place};
use hanko_model::project::Project;
use hanko_store::{DatabaseUrl, PoolSize, Store, outbox::Sink};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{answer, script::Step};

const START: Timestamp = Timestamp(1_719_826_800_000_000);

/// Settings of the projects, all but one without limits. The account is made in the first.
const PROJECTS: [&str; 9] = [
    "rateLimiter: {enabled: false}, email: {requireVerification: false}, username: {enabled: true}, mfa: {enabled: false}",
    "rateLimiter: {enabled: false}",
    "rateLimiter: {enabled: false}, username: {enabled: true, optional: false}, email: {optional: true}, \
     mfa: {optional: false, acquireOnLogin: true}",
    "rateLimiter: {enabled: false}, privacy: {onlyShowActualLoginMethods: true}, \
     passkey: {acquireOnLogin: always}, password: {optional: true, acquireOnLogin: always}",
    "rateLimiter: {enabled: false}, privacy: {showAccountExistenceHints: true}, password: {enabled: false}",
    "rateLimiter: {enabled: false}, email: {requireVerification: false}, mfa: {acquireOnLogin: true}, \
     password: {optional: true, acquireOnLogin: conditional}, passkey: {optional: true, acquireOnLogin: conditional}",
    "session: {cookie: {retention: prompt}}",
    "rateLimiter: {enabled: false}, username: {enabled: true}, email: {optional: true, limit: 3}, password: {optional: true}, \
     account: {allowDeletion: true}",
    "rateLimiter: {enabled: false}, username: {enabled: true}, account: {allowDeletion: true, stepUp: {enabled: true, maxAge: 30s}}",
];

struct Template {
    folder: tempfile::TempDir,
    master_keys: (String, String),
    signing_keys: Arc<SigningKeys>,
    hasher: Hasher,
    /// Of jane's session.
    token: String,
}

pub(crate) struct World {
    _folder: tempfile::TempDir,
    store: Store,
    tenant: Tenant,
    sealer: Sealer,
    clock: Clock,
    flow: &'static str,
    /// The last document of the flow that began last.
    document: Value,
    secret: Option<String>,
    /// Of the newest session.
    token: String,
    trusted_devices: Option<Secret<String>>,
}

pub(crate) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
}

fn project(number: u8) -> Project {
    let settings = PROJECTS[usize::from(number.wrapping_sub(b'0')) % PROJECTS.len()];
    let text = format!(
        "apiVersion: hanko-operator.dev/v1alpha1\nkind: HankoProject\nmetadata: {{name: fuzz}}\nspec:\n  \
         tenantId: 7b1f3c1e-52a5-4b1e-9a55-4f1c1b6f0a01\n  hosts: [auth.fern.test]\n  \
         mail: {{from: {{address: a@fern.test}}, smtp: {{host: mail.fern.test}}}}\n  settings: {{{settings}}}\n"
    );
    let parsed = hanko_model::document::parse(&text, hanko_model::document::Unknown::Refuse).unwrap();
    hanko_model::resolve(&parsed.documents[0]).unwrap()
}

/// The account `jane@x.de`, `jane`, `correct horse`.
async fn template() -> &'static Template {
    static TEMPLATE: OnceLock<Template> = OnceLock::new();
    if TEMPLATE.get().is_none() {
        let made = make_template().await;
        let _ = TEMPLATE.set(made);
    }
    TEMPLATE.get().unwrap()
}

async fn make_template() -> Template {
    let (folder, random, clock) = (tempfile::tempdir().unwrap(), Random::system(), Clock::manual(START));
    let master_keys = MasterKeys::generate(&random);
    let project = project(b'0');
    let id = TenantId(project.tenant_id);
    let sealer = Sealer::new(&read(&master_keys), id).unwrap();
    let store = open(folder.path());
    store.migrate().await.unwrap();
    let tenant = store.tenant(id);
    tenant.register("fuzz", START).await.unwrap();
    let signing_keys =
        SigningKeys::load_or_create(&tenant, &sealer, project.keys.rsa_bits, false, &clock, &random).await.unwrap();
    store.close().await;
    let hasher = Hasher::new(NonZeroUsize::MIN, PATIENCE, random);
    let mut template =
        Template { folder, master_keys, signing_keys: Arc::new(signing_keys), hasher, token: String::new() };

    let mut world = World::of(&template, b'0').await;
    world.perform(&Step::Begin("registration")).await;
    for (action, inputs) in [
        ("register_client_capabilities", json!({"webauthn_available": false})),
        ("register_login_identifier", json!({"email": "jane@x.de", "username": "jane"})),
        ("register_password", json!({"new_password": "correct horse"})),
    ] {
        world.perform(&Step::Act { action: action.as_bytes(), inputs: inputs.to_string().as_bytes() }).await;
    }
    assert_eq!(world.document["name"], "success", "{}", world.document);
    world.store.close().await;
    std::fs::copy(world._folder.path().join("a.db"), template.folder.path().join("a.db")).unwrap();
    template.token = world.token;
    template
}

fn open(folder: &Path) -> Store {
    Store::open(&DatabaseUrl::Sqlite(folder.join("a.db")), PoolSize(1)).unwrap()
}

fn read((id, content): &(String, String)) -> MasterKeys {
    MasterKeys::from_entries([(id.clone(), content.clone().into_bytes())]).unwrap()
}

impl World {
    pub(crate) async fn open(number: u8) -> Self {
        Self::of(template().await, number).await
    }

    async fn of(template: &Template, number: u8) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::copy(template.folder.path().join("a.db"), folder.path().join("a.db")).unwrap();
        let (store, project, clock) = (open(folder.path()), project(number), Clock::manual(START));
        let id = TenantId(project.tenant_id);
        let master_keys = read(&template.master_keys);
        let sealer = Sealer::new(&master_keys, id).unwrap();
        let tenant = Tenant::new(TenantParts {
            project,
            store: store.tenant(id),
            sealer: Sealer::new(&master_keys, id).unwrap(),
            master_keys,
            signing_keys: template.signing_keys.clone(),
            hasher: template.hasher.clone(),
            clock: clock.clone(),
            random: Random::system(),
        });
        Self {
            _folder: folder,
            store,
            tenant,
            sealer,
            clock,
            flow: "login",
            document: Value::Null,
            secret: None,
            token: template.token.clone(),
            trusted_devices: None,
        }
    }

    pub(crate) async fn close(self) {
        self.store.close().await;
    }

    pub(crate) async fn perform(&mut self, step: &Step<'_>) {
        match step {
            Step::Begin(flow) => {
                self.flow = flow;
                self.document = self.request(None, Body::Empty).await;
            }
            Step::Wait(seconds) => self.clock.advance(Duration::from_secs(u64::from(*seconds))),
            Step::Cookie(text) => {
                self.trusted_devices = Some(Secret::new(String::from_utf8_lossy(text).into_owned()));
            }
            Step::Raw { action, body } => {
                let body = match body {
                    [] => Body::Empty,
                    [b'?', ..] => Body::UnsupportedContentType,
                    bytes => Body::Json(bytes.to_vec()),
                };
                self.request(Some(&String::from_utf8_lossy(action)), body).await;
            }
            Step::Act { action, inputs } => {
                let Some(id) = self.id() else { return };
                let inputs = self.filled(inputs).await;
                let mut body = if inputs.is_empty() { b"{".to_vec() } else { b"{\"input_data\":".to_vec() };
                if !inputs.is_empty() {
                    body.extend_from_slice(&inputs);
                    body.push(b',');
                }
                body.extend_from_slice(format!("\"csrf_token\":{}}}", self.document["csrf_token"]).as_bytes());
                let action = format!("{}@{id}", String::from_utf8_lossy(action));
                let document = self.request(Some(&action), Body::Json(body)).await;
                if document["csrf_token"] != "" {
                    self.document = document;
                }
            }
        }
    }

    async fn request(&mut self, action: Option<&str>, body: Body) -> Value {
        self.clock.advance(Duration::from_millis(1)); // so that what happens later has the greater id
        let meta = RequestMeta {
            ip: Some([192, 0, 2, 1].into()),
            trusted_devices: self.trusted_devices.clone(),
            ..RequestMeta::default()
        };
        let session = self.session(&meta).await;
        let reply = hanko_flow::run(&self.tenant, self.flow, "", action, body.clone(), &meta, session.as_deref()).await;
        let reply = reply.unwrap();
        let document = answer::check(self.flow, action, &body, &reply);
        self.signed_in(session.as_deref(), &reply, &meta).await;
        if std::env::var_os("SHOW").is_some() {
            eprintln!(
                "{:>4} {} {} {}",
                reply.status,
                action.unwrap_or(">"),
                document["name"],
                document["error"]["code"]
            );
        }
        if let Some(trusted) = reply.trusted_device {
            self.trusted_devices = Some(trusted.cookie);
        }
        if let Some(secret) = document["payload"]["otp_secret"].as_str() {
            self.secret = Some(secret.to_owned());
        }
        document
    }

    async fn session(&self, meta: &RequestMeta) -> Option<Box<Valid>> {
        match validate(&self.tenant, &self.token, Use::Touch, meta).await.expect("a session can be checked") {
            Checked::Valid(session) => Some(session),
            _ => None,
        }
    }

    /// A session that is raised stays its user's, and the one before is dead.
    async fn signed_in(&mut self, before: Option<&Valid>, reply: &Reply, meta: &RequestMeta) {
        let Some(new) = &reply.token else { return };
        let raised = before.filter(|_| self.flow == "profile");
        if raised.is_some() {
            assert!(self.session(meta).await.is_none(), "the session before lives on");
        }
        self.token.clone_from(new.token.expose());
        let session = self.session(meta).await.expect("a new session holds");
        assert!(raised.is_none_or(|before| before.user() == session.user()), "another one's session");
    }

    /// The flow's id, as an offered action shows it.
    fn id(&self) -> Option<&str> {
        let (_, action) = self.document["actions"].as_object()?.iter().next()?;
        action["href"].as_str()?.rsplit_once("%40").map(|(_, id)| id)
    }

    /// The inputs with what a person would read elsewhere.
    async fn filled(&self, inputs: &[u8]) -> Vec<u8> {
        let mut filled = inputs.to_vec();
        for (name, value) in [("$code", self.mailed_code(inputs).await), ("$totp", self.totp())] {
            let Some(at) = filled.windows(name.len()).position(|window| window == name.as_bytes()) else { continue };
            filled.splice(at..at + name.len(), value.into_bytes());
        }
        filled
    }

    async fn mailed_code(&self, inputs: &[u8]) -> String {
        if !inputs.windows(5).any(|window| window == b"$code") {
            return String::new();
        }
        let (now, claim) = (self.clock.now(), Random::system().uuid_v4());
        let lease = Duration::from_micros(1);
        let system = self.store.system();
        let claimed = system.claim_deliveries(self.tenant.id(), Sink::Mail, claim, 100, lease, now).await.unwrap();
        let newest = claimed.iter().max_by_key(|delivery| delivery.event);
        let code = newest.and_then(|delivery| {
            let place = Place { table: "events", row: delivery.event.as_bytes(), column: "payload" };
            let mail = self.sealer.open(&place, delivery.payload.as_deref()?).expect("a mail can be opened");
            serde_json::from_slice::<Value>(&mail).expect("a mail is JSON")["code"].as_str().map(str::to_owned)
        });
        code.unwrap_or_else(|| "000000".to_owned())
    }

    /// RFC 6238.
    fn totp(&self) -> String {
        let secret = self.secret.as_deref().unwrap_or_default();
        let secret = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap_or_default();
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
        let mac = hmac::sign(&key, &(self.clock.now().seconds() / 30).to_be_bytes());
        let at = usize::from(mac.as_ref()[19] & 15);
        let number = u32::from_be_bytes(mac.as_ref()[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}
