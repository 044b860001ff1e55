use hanko_domain::{EventKind, Secret};
use hanko_keys::MasterKeys;
use hanko_model::{
    document::{Unknown, parse},
    project::Project,
};
use hanko_outbound::OutboundPolicy;
use hanko_store::{
    DatabaseUrl, PoolSize, Store,
    outbox::{Delivery, DeliveryQuery, State},
    webhooks::Webhook,
};
use serde_json::json;

use super::*;
use crate::{
    events,
    webhook::{
        BadHook, SigningSecret,
        manage::{self, Replay},
        mock::{Conduct, Receiver},
        receivers::manifest_id,
    },
};

const START: i64 = 1_790_000_000;
const SECRET: &str = "whsec_DJeb4Zp+LLuy33B4QNFtcDpyv+EUU0S+";

mod lives;

/// A tenant with a worker of its own, and a clock that the test moves.
struct House {
    store: TenantStore,
    sealer: Sealer,
    keys: Arc<SigningKeys>,
    clock: Clock,
    random: Random,
    _folder: tempfile::TempDir,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::Sqlite(folder.path().join("test.db")), PoolSize(2)).unwrap();
        store.migrate().await.unwrap();
        let (clock, random) = (Clock::manual(Timestamp::from_seconds(START)), Random::system());
        let id = TenantId(project("{}", "[]").tenant_id);
        let store = store.tenant(id);
        store.register("default/acme", clock.now()).await.unwrap();
        let (name, key) = MasterKeys::generate(&random);
        let master = MasterKeys::from_entries([(name, key.into_bytes())]).unwrap();
        let sealer = Sealer::new(&master, id).unwrap();
        let keys = SigningKeys::load_or_create(&store, &sealer, 2048, false, &clock, &random).await.unwrap();
        Self { store, sealer, keys: Arc::new(keys), clock, random, _folder: folder }
    }

    async fn happen(&self, kind: EventKind) {
        let mut work = self.store.begin().await.unwrap();
        let (payload, request) = (json!({"id": "kim"}), RequestMeta::default());
        let now = self.clock.now();
        events::record(&mut work, &self.sealer, kind, &payload, &request, now, &self.random).await.unwrap();
        work.commit().await.unwrap();
    }

    /// A receiver of the Admin API.
    async fn hook(&self, receiver: &Receiver, events: &[&str]) -> (WebhookId, SigningSecret) {
        let mut work = self.store.begin().await.unwrap();
        let events: Vec<String> = events.iter().map(|name| (*name).to_owned()).collect();
        let (callback, now) = (receiver.url().parse().unwrap(), self.clock.now());
        let made = manage::create(&mut work, &self.sealer, &self.random, now, &callback, &events).await.unwrap();
        work.commit().await.unwrap();
        (made.0.id, made.1)
    }

    async fn webhook(&self, id: WebhookId) -> Webhook {
        self.store.webhook(id).await.unwrap().unwrap()
    }

    /// Oldest first.
    async fn deliveries(&self) -> Vec<Delivery> {
        let mut all = self.store.deliveries(&DeliveryQuery::default(), None, 1_000).await.unwrap();
        all.reverse();
        all
    }

    async fn count(&self, state: State) -> usize {
        self.deliveries().await.iter().filter(|delivery| delivery.state == state).count()
    }

    fn work(&self, project: &Project) -> Running {
        let allowed = vec!["127.0.0.0/8".parse().unwrap()];
        self.work_with(project, OutboundPolicy { allowed })
    }

    fn work_with(&self, project: &Project, policy: OutboundPolicy) -> Running {
        let system = self.store.store().system();
        let worker = Worker::new(system, self.clock.clone(), self.random.clone(), slots());
        let worker = worker.polling_every(Duration::from_millis(20));
        let secret = |_: &_| Ok::<_, BadHook>(Secret::new(SECRET.to_owned()));
        let way = Way {
            store: self.store.clone(),
            sealer: self.sealer.clone(),
            keys: Arc::clone(&self.keys),
            client: Client::new(policy),
            receivers: Arc::new(Receivers::new(project, secret).unwrap()),
        };
        let (counters, shutdown) = (worker.counters(), CancellationToken::new());
        let served = self.store.tenant();
        let ways = move |tenant| (tenant == served).then(|| way.clone());
        let task = tokio::spawn(worker.run(ways, shutdown.clone(), Duration::from_secs(5)));
        Running { counters, shutdown, task }
    }
}

struct Running {
    counters: Arc<Counters>,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn count(&self, outcome: &str) -> u64 {
        self.counters.all().find(|(known, _)| *known == outcome).expect("a known series").1
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

/// `webhooks`: its fields beside `hooks`, in flow style.
fn project(webhooks: &str, hooks: &str) -> Project {
    let rest = webhooks.trim_start_matches('{').trim_end_matches('}');
    let rest = if rest.is_empty() { String::new() } else { format!("{rest}, ") };
    let text = format!(
        "{{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {{name: acme}}, \
         spec: {{hosts: [auth.acme.example], webhooks: {{{rest}hooks: {hooks}}}}}}}"
    );
    hanko_model::resolve(&parse(&text, Unknown::Refuse).unwrap().documents[0]).unwrap()
}

fn plain() -> Project {
    project("{}", "[]")
}

/// Looks again and again until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(20), "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_event_arrives_signed_by_key_and_secret() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(204)).await);
    let hooks =
        format!("[{{name: crm, callback: '{}', events: [user], secretRef: {{name: s, key: k}}}}]", receiver.url());
    let running = house.work(&project("{}", &hooks));
    house.happen(EventKind::UserCreate).await;
    until("it is noted as done", async || house.count(State::Done).await == 1).await;

    let [request] = &receiver.received()[..] else { panic!() };
    let delivery = house.deliveries().await.remove(0);
    assert_eq!(delivery.receiver, manifest_id(house.store.tenant(), "crm"));
    assert_eq!(delivery.last_status, Some(204));
    let id = format!("msg_{}", delivery.event.0.simple());
    assert_eq!(request.header("webhook-id"), id);
    assert_eq!(request.header("webhook-timestamp"), START.to_string());
    let expected = SigningSecret::parse(SECRET).unwrap().sign(&id, START, &request.body);
    assert_eq!(request.header("webhook-signature"), expected);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("user-agent"), concat!("hanko-operator/", env!("CARGO_PKG_VERSION")));

    let body = request.json();
    assert_eq!(body["event"], "user.create");
    assert_eq!(body.as_object().unwrap().len(), 2);
    let token = house.keys.verify(body["token"].as_str().unwrap(), house.clock.now()).unwrap();
    let claims = json!({
        "sub": "hanko webhooks", "iat": START, "exp": START + 300, "aud": ["auth.acme.example"], "jti": delivery.event.to_string(),
        "evt": "user.create", "data": {"id": "kim"},
    });
    assert_eq!(serde_json::Value::Object(token.claims), claims);
    running.stop().await;
}

#[tokio::test]
async fn a_receiver_is_told_once_of_what_it_subscribed_to_and_of_nothing_else() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    house.hook(&receiver, &["user.update", "user.update.email.create", "session"]).await;
    let running = house.work(&plain());
    for kind in [EventKind::UserCreate, EventKind::UserUpdateEmailCreate, EventKind::SessionCreateFlow] {
        house.happen(kind).await;
    }
    until("both are told", async || house.count(State::Done).await == 2).await;
    let mut told: Vec<String> = receiver.received().iter().map(|request| request.event()).collect();
    told.sort_unstable();
    assert_eq!(told, ["session.create.flow", "user.update.email.create"]);
    running.stop().await;
}

#[tokio::test]
async fn receivers_of_the_manifest_are_told_only_while_it_says_so_and_the_others_always() {
    let (house, theirs, ours) =
        (House::new().await, Receiver::start(Conduct::Status(200)).await, Receiver::start(Conduct::Status(200)).await);
    house.hook(&theirs, &["user"]).await;
    let hooks = format!("[{{name: crm, callback: '{}', events: [user]}}]", ours.url());
    let running = house.work(&project("{enabled: false}", &hooks));
    house.happen(EventKind::UserCreate).await;
    until("one is told", async || house.count(State::Done).await == 1).await;
    assert_eq!((theirs.received().len(), ours.received().len(), house.deliveries().await.len()), (1, 0, 1));
    running.stop().await;
    let running = house.work(&project("{}", &hooks));
    house.happen(EventKind::UserCreate).await;
    until("both are told", async || house.count(State::Done).await == 3).await;
    let [request] = &ours.received()[..] else { panic!() };
    assert_eq!(request.header("webhook-signature"), "", "no secret, no signature");
    running.stop().await;
}

#[tokio::test]
async fn whatever_goes_wrong_is_tried_again_with_the_same_id_and_said() {
    let elsewhere = Receiver::start(Conduct::Status(200)).await;
    for (conduct, said) in [
        (Conduct::Status(500), "answered 500"),
        (Conduct::Status(404), "answered 404"),
        (Conduct::Reset, "gave no answer"),
        (Conduct::With(307, format!("location: {}\r\n", elsewhere.url())), "answered 307; redirects are not followed"),
    ] {
        let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
        house.hook(&receiver, &["user"]).await;
        receiver.then([conduct]);
        let running = house.work(&plain());
        house.happen(EventKind::UserCreate).await;
        until("it is to be tried again", async || {
            running.count("retried") == 1 && house.count(State::Pending).await == 1
        })
        .await;
        let delivery = house.deliveries().await.remove(0);
        assert!(delivery.last_error.unwrap().contains(said), "{said}");
        let pause = delivery.next_attempt_at.since(house.clock.now());
        assert!((5.0..=6.0).contains(&pause.as_secs_f64()), "{pause:?}");
        house.clock.advance(Duration::from_secs(6));
        until("it is told", async || house.count(State::Done).await == 1).await;
        let ids: Vec<String> =
            receiver.received().iter().map(|request| request.header("webhook-id").to_owned()).collect();
        assert_eq!(ids, [ids[0].clone(), ids[0].clone()]);
        running.stop().await;
    }
    assert_eq!(elsewhere.received().len(), 0);
}

#[tokio::test]
async fn a_receiver_says_when_it_wants_to_be_asked_again_within_reason() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    house.hook(&receiver, &["user"]).await;
    receiver.then([
        Conduct::With(429, "retry-after: 100\r\n".into()),
        Conduct::With(503, "retry-after: 999999\r\n".into()),
    ]);
    let running = house.work(&plain());
    house.happen(EventKind::UserCreate).await;
    for (attempt, pause) in [(1, 100), (2, 6 * 3600)] {
        until("it is to be tried again", async || {
            running.count("retried") == attempt && house.count(State::Pending).await == 1
        })
        .await;
        let due = house.deliveries().await[0].next_attempt_at;
        assert_eq!(due.since(house.clock.now()).as_secs(), pause);
        house.clock.advance(Duration::from_secs(pause));
    }
    until("it is told", async || house.count(State::Done).await == 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_body_without_end_is_no_failure_and_is_not_read() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Huge).await);
    house.hook(&receiver, &["user"]).await;
    let running = house.work(&plain());
    house.happen(EventKind::UserCreate).await;
    until("it is told", async || house.count(State::Done).await == 1).await;
    running.stop().await;
}

/// Decision 28.
#[tokio::test]
async fn what_was_told_in_vain_is_told_again_on_request_with_its_first_id() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(410)).await);
    let (id, _) = house.hook(&receiver, &["user"]).await;
    let running = house.work(&plain());
    house.happen(EventKind::UserCreate).await;
    until("it is given up", async || house.count(State::Dead).await == 1).await;
    receiver.always(Conduct::Status(200));
    let delivery = house.deliveries().await.remove(0);
    for (round, which) in [
        Replay::Dead { receiver: id, from: delivery.created_at, to: delivery.created_at + Duration::from_secs(1) },
        Replay::Deliveries(vec![delivery.id]),
    ]
    .into_iter()
    .enumerate()
    {
        house.clock.advance(Duration::from_secs(60));
        let mut work = house.store.begin().await.unwrap();
        assert_eq!(manage::replay(&mut work, house.clock.now(), &which).await.unwrap(), 1);
        work.commit().await.unwrap();
        until("it is told again", async || {
            house.count(State::Done).await == 1 && receiver.received().len() == round + 2
        })
        .await;
    }
    let ids: HashSet<String> =
        receiver.received().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 1);
    running.stop().await;
}

/// FC-81.
#[tokio::test]
async fn a_hanging_receiver_delays_no_other_and_takes_few_connections() {
    let house = House::new().await;
    let (silent, endless) = (Receiver::start(Conduct::Silent).await, Receiver::start(Conduct::Endless).await);
    house.hook(&silent, &["user"]).await;
    house.hook(&endless, &["user"]).await;
    let mut healthy = Vec::new();
    for _ in 0..3 {
        healthy.push(Receiver::start(Conduct::Status(200)).await);
    }
    for receiver in &healthy {
        house.hook(receiver, &["user"]).await;
    }
    let running = house.work(&plain());
    let begun = Instant::now();
    for _ in 0..40 {
        house.happen(EventKind::UserLogin).await;
    }
    until("the others are told", async || healthy.iter().all(|receiver| receiver.received().len() == 40)).await;
    assert!(begun.elapsed() < TIMEOUT, "nobody waited for the hanging ones");
    assert!(silent.most_open() <= 2 && endless.most_open() <= 2, "{} {}", silent.most_open(), endless.most_open());
    assert!(healthy.iter().all(|receiver| receiver.most_open() <= 16));
    let late = |delivery: &Delivery| delivery.last_error.as_deref() == Some("127.0.0.1 did not answer within 10 s");
    until("the hanging ones were given up for now", async || {
        house.deliveries().await.iter().filter(|delivery| late(delivery)).count() == 4
    })
    .await;
    assert_eq!(running.count("retried"), 4);
    running.stop().await;
}

#[tokio::test]
async fn an_inner_address_is_never_called() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    house.hook(&receiver, &["user"]).await;
    let running = house.work_with(&plain(), OutboundPolicy::default());
    house.happen(EventKind::UserCreate).await;
    until("it is refused", async || running.count("retried") == 1 && house.count(State::Pending).await == 1).await;
    let said = house.deliveries().await.remove(0).last_error.unwrap();
    assert!(said.contains("loopback") && said.contains("outbound.allowedNetworks"), "{said}");
    assert_eq!(receiver.most_open(), 0);
    running.stop().await;
}

#[tokio::test]
async fn the_worker_finishes_what_it_has_begun_before_it_ends() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    house.hook(&receiver, &["user"]).await;
    for _ in 0..20 {
        house.happen(EventKind::UserLogin).await;
    }
    let running = house.work(&plain());
    until("the first arrives", async || !receiver.received().is_empty()).await;
    running.stop().await;
    assert_eq!(house.count(State::Done).await, receiver.received().len(), "what was told is noted as told");
    assert_eq!(house.count(State::Leased).await, 0);
}

#[test]
fn a_receiver_of_the_manifest_keeps_its_id_and_a_bad_secret_names_it() {
    let tenant = TenantId(plain().tenant_id);
    assert_eq!(manifest_id(tenant, "crm"), manifest_id(tenant, "crm"));
    assert_ne!(manifest_id(tenant, "crm"), manifest_id(tenant, "erp"));
    let hooks = "[{name: crm, callback: 'https://crm.example/', events: [user], secretRef: {name: s, key: k}}]";
    let read = |text: &'static str| {
        Receivers::new(&project("{}", hooks), |_| Ok::<_, BadHook>(Secret::new(text.to_owned()))).map(|_| ())
    };
    assert!(read(SECRET).is_ok());
    assert!(read("whsec_DJeb4Zp+LLuy33B4QNFtcDpyv+EUU0S+\nDJeb4Zp+LLuy33B4QNFtcDpyv+EUU0S+\n").is_ok());
    let refused = |text| read(text).unwrap_err().to_string();
    assert!(
        refused("AAAAAAAAAAA=").starts_with("the secret of webhook `crm` holds 8 bytes"),
        "{}",
        refused("AAAAAAAAAAA=")
    );
    assert!(refused("hunter2!").contains("is not base64"));
    assert!(refused("").contains("holds 0 bytes"));
}
