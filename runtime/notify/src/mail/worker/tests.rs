use hanko_domain::Timestamp;
use hanko_domain::{EmailAddress, RequestMeta, Secret};
use hanko_keys::MasterKeys;
use hanko_model::{
    document::{Unknown, parse},
    project::{MailTemplate, MailTemplates, Project},
};
use hanko_store::{DatabaseUrl, PoolSize, Store};
use tokio::time::Instant;

use super::*;
use crate::{
    mail::{self, Message, Template},
    smtp::{
        MailerConfig, Tls,
        mock::{Mock, Script},
    },
};

/// A database with a worker of its own, and a clock that the test moves.
struct House {
    store: Store,
    clock: Clock,
    random: Random,
    project: Project,
    _folder: tempfile::TempDir,
}

/// A tenant with its mail server.
#[derive(Clone)]
struct Home {
    store: TenantStore,
    sealer: Sealer,
    mailer: Option<Arc<Mailer>>,
    look: Arc<Look>,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::Sqlite(folder.path().join("test.db")), PoolSize(2)).unwrap();
        store.migrate().await.unwrap();
        let clock = Clock::manual(Timestamp::from_seconds(1_790_000_000));
        Self { store, clock, random: Random::system(), project: project(), _folder: folder }
    }

    async fn home(&self, server: &Mock) -> Home {
        let tenant = TenantId::random(&self.random);
        let store = self.store.tenant(tenant);
        let entry = MasterKeys::generate(&self.random);
        let keys = MasterKeys::from_entries([(entry.0, entry.1.into_bytes())]).unwrap();
        let config = MailerConfig {
            host: "127.0.0.1".into(),
            port: server.port,
            tls: Tls::None,
            credentials: None,
            ca_pem: None,
            helo_name: "auth.acme.example".into(),
            from_address: EmailAddress::parse("noreply@acme.example").unwrap(),
            from_name: "Acme".into(),
            reply_to: None,
        };
        Home {
            store,
            sealer: Sealer::new(&keys, tenant).unwrap(),
            mailer: Some(Arc::new(Mailer::hasty(config))),
            look: Arc::default(),
        }
    }

    async fn enqueue(&self, home: &Home, template: Template, to: &str) {
        let mut work = home.store.begin().await.unwrap();
        self.enqueue_in(&mut work, home, template, to).await;
        work.commit().await.unwrap();
    }

    async fn enqueue_in(&self, work: &mut hanko_store::Work, home: &Home, template: Template, to: &str) {
        let now = self.clock.now();
        let to = EmailAddress::parse(to).unwrap();
        let message = if template.carries_code() {
            let (code, until) = (Secret::new("482913".into()), now + Duration::from_secs(300));
            Message::code(template, to, "en", "Acme", code, 300, until)
        } else {
            Message::notice(template, to, "en", "Acme")
        };
        let request = RequestMeta::default();
        mail::enqueue(work, &home.sealer, &self.project, &message, &request, now, &self.random).await.unwrap();
    }

    fn worker(&self) -> Worker {
        let worker = Worker::new(self.store.system(), self.clock.clone(), self.random.clone());
        Worker { poll: Duration::from_millis(20), ..worker }
    }

    fn work(&self, homes: &[&Home]) -> Running {
        self.work_with(self.worker(), homes)
    }

    fn work_with(&self, worker: Worker, homes: &[&Home]) -> Running {
        let homes: Vec<Home> = homes.iter().map(|home| (*home).clone()).collect();
        let mailers = move |tenant| {
            let home = homes.iter().find(|home| home.store.tenant() == tenant)?;
            Some(Way {
                store: home.store.clone(),
                mailer: home.mailer.clone(),
                look: home.look.clone(),
                sealer: home.sealer.clone(),
            })
        };
        let (counters, shutdown) = (worker.counters(), CancellationToken::new());
        let task = tokio::spawn(worker.run(mailers, shutdown.clone(), Duration::from_secs(5)));
        Running { counters, shutdown, task }
    }

    async fn waiting(&self) -> i64 {
        self.store.system().waiting_deliveries(Sink::Mail).await.unwrap()
    }
}

struct Running {
    counters: Arc<Counters>,
    shutdown: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    fn count(&self, template: &str, outcome: &str) -> u64 {
        let found = self.counters.all().find(|(t, o, _)| (*t, *o) == (template, outcome));
        found.expect("a known series").2
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.unwrap();
    }
}

fn project() -> Project {
    const TEXT: &str = "{apiVersion: hanko-operator.dev/v1alpha1, kind: HankoProject, metadata: {name: acme}, spec: {
        hosts: [auth.acme.example], mail: {from: {address: noreply@acme.example}, smtp: {host: mail.acme.example}}}}";
    hanko_model::resolve(&parse(TEXT, Unknown::Refuse).unwrap().documents[0]).unwrap()
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
async fn a_mail_is_sent_after_its_unit_of_work_is_committed_and_not_otherwise() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    // Far longer than the test: what wakes the worker is the commit.
    let running = house.work_with(Worker { poll: Duration::from_secs(600), ..house.worker() }, &[&home]);

    let mut work = home.store.begin().await.unwrap();
    house.enqueue_in(&mut work, &home, Template::Login, "dropped@fern.example").await;
    work.rollback().await.unwrap();
    house.enqueue(&home, Template::Recovery, "kim@fern.example").await;
    until("the mail is noted as sent", async || house.waiting().await == 0).await;

    let [mail] = &server.mails()[..] else { panic!("{:?}", server.mails()) };
    assert_eq!(mail.to, "RCPT TO:<kim@fern.example>");
    assert!(mail.octets.contains("Subject: 482913 is your Acme recovery code"), "{}", mail.octets);
    assert_eq!(running.count("recovery", "sent"), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_mail_without_a_code_is_sent_too() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    house.enqueue(&home, Template::EmailLoginAttempted, "kim@fern.example").await;
    let running = house.work(&[&home]);
    until("the mail is noted as sent", async || house.waiting().await == 0).await;
    assert!(!server.mails()[0].octets.contains("482913"));
    running.stop().await;
}

#[tokio::test]
async fn a_mail_goes_out_in_our_words_when_the_projects_cannot_be_said() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let broken = MailTemplate { subject: Some("{{ nothing }}".into()), ..MailTemplate::default() };
    let templates = [("login", [("en", broken)].into())].into();
    let look = Arc::new(Look::new(&MailTemplates { templates, ..MailTemplates::default() }));
    let home = Home { look, ..house.home(&server).await };
    let running = house.work(&[&home]);
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    house.enqueue(&home, Template::Recovery, "kim@fern.example").await;
    until("both are noted as sent", async || house.waiting().await == 0).await;
    assert!(server.mails().iter().any(|mail| mail.octets.contains("Subject: 482913 is your Acme sign-in code")));
    assert_eq!((running.counters.left_aside(), running.count("login", "sent")), (1, 1));
    running.stop().await;
}

/// What receivers of events would be told, and until when; taken.
async fn told(home: &Home, now: Timestamp) -> Vec<(String, Option<Timestamp>)> {
    let mut told = Vec::new();
    let note = |occurrences: &[hanko_store::outbox::Occurrence], _: &[hanko_store::webhooks::Webhook]| {
        told.extend(occurrences.iter().map(|one| (one.kind.clone(), one.expires_at)));
        Vec::new()
    };
    home.store.fan_out(9, now, note).await.unwrap();
    told
}

#[tokio::test]
async fn a_mail_that_is_through_is_told_until_its_code_expires_and_one_that_is_not_sent_is_not() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    let running = house.work(&[&home]);
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    until("the mail is noted as sent", async || house.waiting().await == 0).await;
    let until_then = house.clock.now() + Duration::from_secs(300);
    assert_eq!(told(&home, house.clock.now()).await, [("email.send".to_owned(), Some(until_then))]);
    server.reply(&["550 5.1.1 no such user"]);
    house.enqueue(&home, Template::Login, "nobody@fern.example").await;
    until("it is given up", async || house.waiting().await == 0).await;
    assert!(told(&home, house.clock.now()).await.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn without_a_mail_server_a_mail_is_told_and_not_sent() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = Home { mailer: None, ..house.home(&server).await };
    let running = house.work(&[&home]);
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    until("it is noted as told", async || house.waiting().await == 0).await;
    assert_eq!((server.connections(), told(&home, house.clock.now()).await.len()), (0, 1));
    running.stop().await;
}

/// FC-37.
#[tokio::test]
async fn a_mail_to_an_address_the_server_cannot_take_is_given_up_at_once() {
    let server = Mock::start(Script { abilities: vec!["8BITMIME"], ..Script::default() }).await;
    let house = House::new().await;
    let home = house.home(&server).await;
    let running = house.work(&[&home]);
    house.enqueue(&home, Template::Login, "josé@fern.example").await;
    until("it is given up", async || house.waiting().await == 0).await;
    assert_eq!((running.count("login", "failed"), running.count("login", "retried")), (1, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_mail_that_is_wanted_later_is_sent_later() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    server.reply(&["451 4.7.1 greylisted", "451 4.7.1 greylisted"]);
    let running = house.work(&[&home]);
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    until("the first refusal", async || running.count("login", "retried") == 1).await;
    assert_eq!(house.waiting().await, 1);
    house.clock.advance(Duration::from_millis(1_250));
    until("the second refusal", async || running.count("login", "retried") == 2).await;
    house.clock.advance(Duration::from_millis(1_250));
    let due = house.store.system().tenants_due(Sink::Mail, house.clock.now()).await.unwrap();
    assert!(due.is_empty(), "the second pause is longer than the first");
    house.clock.advance(Duration::from_millis(1_250));
    until("the mail is noted as sent", async || house.waiting().await == 0).await;
    assert_eq!((server.mails().len(), running.count("login", "sent")), (1, 1));
    running.stop().await;
}

#[tokio::test]
async fn a_rejected_mail_is_never_tried_again() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    server.reply(&["550 5.1.1 no such user"]);
    let running = house.work(&[&home]);
    house.enqueue(&home, Template::Login, "nobody@fern.example").await;
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    until("both are through", async || house.waiting().await == 0).await;
    house.clock.advance(Duration::from_secs(120));
    house.enqueue(&home, Template::Login, "lee@fern.example").await;
    until("the third is through", async || house.waiting().await == 0).await;
    assert_eq!((running.count("login", "failed"), running.count("login", "sent")), (1, 2));
    running.stop().await;
}

#[tokio::test]
async fn a_mail_is_not_sent_after_its_code_has_expired() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    house.clock.advance(Duration::from_secs(300));
    let running = house.work(&[&home]);
    until("it is given up", async || house.waiting().await == 0).await;
    assert_eq!((server.connections(), running.count("login", "failed")), (0, 1));
    running.stop().await;
}

#[tokio::test]
async fn a_mail_whose_process_died_is_sent_when_its_lease_has_run_out() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    let (system, tenant) = (house.store.system(), home.store.tenant());
    let taken =
        system.claim_deliveries(tenant, Sink::Mail, house.random.uuid_v4(), 8, LEASE, house.clock.now()).await.unwrap();
    assert_eq!(taken.len(), 1, "a process took it, and dies");

    let running = house.work(&[&home]);
    house.clock.advance(LEASE - Duration::from_secs(1));
    house.enqueue(&home, Template::Login, "lee@fern.example").await;
    until("another mail is sent meanwhile", async || server.mails().len() == 1).await;
    assert_eq!(server.mails()[0].to, "RCPT TO:<lee@fern.example>");
    house.clock.advance(Duration::from_secs(1));
    until("the mail is noted as sent", async || house.waiting().await == 0).await;
    assert_eq!(server.mails()[1].to, "RCPT TO:<kim@fern.example>");

    // The dead process turns out to be alive after all: it changes nothing.
    let late =
        taken.into_iter().map(|delivery| (delivery, Ending::Retry { at: house.clock.now(), error: "late".into() }));
    system.end_deliveries(&late.collect::<Vec<_>>(), house.clock.now()).await.unwrap();
    assert_eq!(house.waiting().await, 0);
    running.stop().await;
}

#[tokio::test]
async fn a_hanging_server_holds_up_its_own_tenant_only() {
    let house = House::new().await;
    let (hanging, healthy) =
        (Mock::start(Script { silent: true, ..Script::default() }).await, Mock::start(Script::default()).await);
    let (stuck, lively) = (house.home(&hanging).await, house.home(&healthy).await);
    for n in 0..100 {
        house.enqueue(&stuck, Template::Login, &format!("stuck{n}@fern.example")).await;
    }
    let running = house.work(&[&stuck, &lively]);
    until("the hanging server is busy", async || hanging.connections() == 8).await;
    for n in 0..20 {
        house.enqueue(&lively, Template::Recovery, &format!("lively{n}@fern.example")).await;
    }
    until("all of the other tenant's mail is sent", async || healthy.mails().len() == 20).await;
    until("the hanging server was given up", async || running.count("login", "retried") == 8).await;
    house.enqueue(&lively, Template::Recovery, "later@fern.example").await;
    until("the worker went round again", async || healthy.mails().len() == 21).await;
    assert_eq!(hanging.connections(), 8, "nothing more is tried while its lane rests");
    house.clock.advance(Duration::from_secs(20));
    until("a single mail finds out whether it is back", async || {
        // The last of the eight may have begun to rest after the clock was moved.
        house.clock.advance(Duration::from_millis(100));
        running.count("login", "retried") == 9
    })
    .await;
    assert_eq!(hanging.connections(), 9);
    running.stop().await;
}

#[tokio::test]
async fn mail_of_a_tenant_that_another_process_serves_is_left_alone() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let (ours, theirs) = (house.home(&server).await, house.home(&server).await);
    house.enqueue(&theirs, Template::Login, "theirs@fern.example").await;
    house.enqueue(&ours, Template::Login, "ours@fern.example").await;
    let running = house.work(&[&ours]);
    until("ours is sent", async || house.waiting().await == 1).await;
    let (system, tenant) = (house.store.system(), theirs.store.tenant());
    let left = system.claim_deliveries(tenant, Sink::Mail, house.random.uuid_v4(), 8, LEASE, house.clock.now()).await;
    assert_eq!(left.unwrap()[0].attempts, 1, "it was never taken before");
    running.stop().await;
}

#[tokio::test]
async fn a_mail_that_does_not_open_is_kept_for_the_key_to_come_back() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let (home, other) = (house.home(&server).await, house.home(&server).await);
    house.enqueue(&home, Template::Login, "kim@fern.example").await;
    let impostor = Home { sealer: other.sealer.clone(), ..home.clone() };
    let running = house.work(&[&impostor]);
    until("it does not open", async || running.count("unknown", "retried") == 1).await;
    assert_eq!(server.connections(), 0);
    running.stop().await;
}

#[tokio::test]
async fn the_worker_finishes_what_it_has_begun_before_it_ends() {
    let (house, server) = (House::new().await, Mock::start(Script::default()).await);
    let home = house.home(&server).await;
    for n in 0..8 {
        house.enqueue(&home, Template::Login, &format!("kim{n}@fern.example")).await;
    }
    let running = house.work(&[&home]);
    until("the first mail arrives", async || !server.mails().is_empty()).await;
    running.stop().await;
    assert_eq!(house.waiting().await, 8 - i64::try_from(server.mails().len()).unwrap(), "sent is noted as sent");
}
