//! Receivers of events, their deliveries, and what is told again.

use std::time::Duration;

use hanko_domain::{DeliveryId, EventId, EventKind, Random, Timestamp, WebhookId};

use super::{NOW, databases::migrated, tenant};
use crate::{
    TenantStore,
    built::{Bound, Built},
    outbox::{Claimed, DeliveryQuery, Ending, NewDelivery, Occurrence, Sink, State},
    webhooks::Webhook,
};

const LEASE: Duration = Duration::from_secs(60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn hook(names: &[&str]) -> Webhook {
    let random = Random::system();
    Webhook {
        id: WebhookId::random(&random),
        callback: "https://fern.example/told".into(),
        enabled: true,
        failures: 0,
        expires_at: NOW + WEEK,
        sealed_secret: "sealed-1".into(),
        previous: None,
        events: names.iter().map(|name| (random.uuid_v7(NOW), (*name).to_owned())).collect(),
        created_at: NOW,
        updated_at: NOW,
    }
}

async fn added(tenant: &TenantStore, names: &[&str]) -> WebhookId {
    let hook = hook(names);
    tenant.once(async |work| work.insert_webhook(&hook).await).await;
    hook.id
}

async fn happened(tenant: &TenantStore, kind: EventKind, expires_at: Option<Timestamp>) -> EventId {
    let event = EventId::ordered(&Random::system(), NOW);
    tenant.once(async |work| work.insert_event(event, kind, "sealed", "req", expires_at, NOW).await).await;
    event
}

/// Everybody is told everything; the id of a delivery follows from event and receiver.
fn all_to(receivers: &[WebhookId]) -> impl Fn(&[Occurrence], &[Webhook]) -> Vec<NewDelivery> + use<'_> {
    |occurrences, _| {
        let to = |one: &Occurrence, receiver: WebhookId| NewDelivery {
            id: DeliveryId(uuid::Uuid::from_u128(one.event.0.as_u128() ^ receiver.0.as_u128())),
            event: one.event,
            receiver,
            expires_at: one.expires_at.unwrap_or(NOW + WEEK),
        };
        occurrences.iter().flat_map(|one| receivers.iter().map(move |receiver| to(one, *receiver))).collect()
    }
}

async fn taken(tenant: &TenantStore, receiver: WebhookId, now: Timestamp) -> Vec<Claimed> {
    tenant.claim_for(receiver, Random::system().uuid_v4(), 100, LEASE, now).await.unwrap()
}

async fn end(tenant: &TenantStore, delivery: &Claimed, ending: Ending, status: Option<u16>) -> bool {
    tenant.once(async |work| work.end_delivery(delivery, &ending, status, NOW).await).await
}

fn dead() -> Ending {
    Ending::Dead { error: "503".into() }
}

#[tokio::test]
async fn a_receiver_is_kept_with_the_names_it_subscribed_to() {
    for database in migrated().await {
        let (one, other) = (tenant(&database).await, tenant(&database).await);
        assert_eq!(one.webhooks().await.unwrap(), []);
        let hook = hook(&["user", "email.send"]);
        one.once(async |work| work.insert_webhook(&hook).await).await;
        assert_eq!(one.webhooks().await.unwrap(), std::slice::from_ref(&hook), "{}", database.name);
        assert_eq!(one.webhook(hook.id).await.unwrap().as_ref(), Some(&hook), "{}", database.name);
        assert_eq!(other.webhooks().await.unwrap(), [], "{}: of another tenant", database.name);

        let (later, names) = (NOW + LEASE, [(Random::system().uuid_v4(), "session".to_owned())]);
        let change = async |tenant: &TenantStore| {
            tenant
                .once(async |work| {
                    work.update_webhook(hook.id, "https://moss.example", false, &names, later, later).await
                })
                .await
        };
        assert!(!change(&other).await, "{}", database.name);
        one.once(async |work| work.webhook_failed(hook.id, NOW).await).await;
        assert!(change(&one).await, "{}", database.name);
        let changed = Webhook {
            callback: "https://moss.example".into(),
            enabled: false,
            expires_at: later,
            events: names.to_vec(),
            updated_at: later,
            ..hook.clone()
        };
        assert_eq!(one.webhooks().await.unwrap(), [changed], "{}", database.name);

        let until = NOW + WEEK;
        let rotate =
            async |secret| one.once(async |work| work.rotate_webhook_secret(hook.id, secret, until, NOW).await).await;
        assert!(rotate("sealed-2").await && rotate("sealed-3").await);
        let rotated = one.webhook(hook.id).await.unwrap().unwrap();
        assert_eq!(rotated.sealed_secret, "sealed-3", "{}", database.name);
        assert_eq!(rotated.previous, Some(("sealed-2".into(), until)), "{}", database.name);

        assert!(!other.once(async |work| work.delete_webhook(hook.id, NOW).await).await, "{}", database.name);
        assert!(one.once(async |work| work.delete_webhook(hook.id, NOW).await).await, "{}", database.name);
        assert_eq!(one.webhooks().await.unwrap(), [], "{}", database.name);
    }
}

#[tokio::test]
async fn a_receiver_is_disabled_by_the_sixth_failure_in_a_row_and_by_its_time() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let hook = added(&tenant, &["user"]).await;
        let fail = async || tenant.once(async |work| work.webhook_failed(hook, NOW).await).await;
        for _ in 0..5 {
            assert!(!fail().await, "{}", database.name);
        }
        tenant.once(async |work| work.webhook_succeeded(hook, NOW + LEASE, NOW).await).await;
        for _ in 0..5 {
            assert!(!fail().await, "{}: counted anew after a success", database.name);
        }
        assert!(tenant.webhook(hook).await.unwrap().unwrap().enabled, "{}", database.name);
        assert!(fail().await, "{}: the sixth", database.name);
        assert!(!fail().await, "{}: said once", database.name);
        let disabled = tenant.webhook(hook).await.unwrap().unwrap();
        assert!(!disabled.enabled && disabled.failures == 7, "{}: {disabled:?}", database.name);

        let other = added(&tenant, &["user"]).await;
        let expire = async |now| tenant.once(async |work| work.expire_webhook(other, now).await).await;
        assert!(!expire(NOW + WEEK).await, "{}", database.name);
        assert!(expire(NOW + WEEK + LEASE).await, "{}", database.name);
        assert!(!expire(NOW + WEEK + LEASE).await, "{}: said once", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failures_at_once_are_all_counted() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let hook = added(&tenant, &["user"]).await;
        let fail =
            |tenant: TenantStore| async move { tenant.once(async |work| work.webhook_failed(hook, NOW).await).await };
        let runs: Vec<_> = (0..12).map(|_| tokio::spawn(fail(tenant.clone()))).collect();
        let mut disabled = 0;
        for run in runs {
            disabled += usize::from(run.await.unwrap());
        }
        assert_eq!(disabled, 1, "{}: one of them disabled it", database.name);
        assert_eq!(tenant.webhook(hook).await.unwrap().unwrap().failures, 12, "{}", database.name);
    }
}

#[tokio::test]
async fn an_event_is_fanned_out_once_and_a_second_time_adds_nothing() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        let hooks = [added(&tenant, &["user"]).await, added(&tenant, &["user"]).await];
        assert_eq!(system.tenants_to_fan_out().await.unwrap(), []);
        for _ in 0..3 {
            happened(&tenant, EventKind::UserLogin, None).await;
        }
        // A mail of ours is told to its recipient and to nobody else.
        let (event, delivery) = (EventId::ordered(&Random::system(), NOW), DeliveryId::ordered(&Random::system(), NOW));
        tenant
            .once(async |work| {
                work.emit(event, EventKind::EmailSend, "mail", delivery, Sink::Mail, NOW + LEASE, "req", NOW).await
            })
            .await;
        assert_eq!(system.tenants_to_fan_out().await.unwrap(), [tenant.tenant()], "{}", database.name);
        assert_eq!(tenant.fan_out(2, NOW, all_to(&hooks)).await.unwrap(), 2, "{}", database.name);
        assert_eq!(tenant.fan_out(2, NOW, all_to(&hooks)).await.unwrap(), 1, "{}", database.name);
        assert_eq!(tenant.fan_out(2, NOW, all_to(&hooks)).await.unwrap(), 0, "{}", database.name);
        assert_eq!(system.tenants_to_fan_out().await.unwrap(), [], "{}", database.name);
        assert_eq!(system.waiting_deliveries(Sink::Webhook).await.unwrap(), 6, "{}", database.name);
        assert_eq!(system.waiting_deliveries(Sink::Mail).await.unwrap(), 1, "{}", database.name);

        // Whoever read the events before they were marked makes the same deliveries again, even when they have ended.
        let told = taken(&tenant, hooks[0], NOW).await;
        assert!(end(&tenant, &told[0], Ending::Done, Some(200)).await, "{}", database.name);
        let again = |_: &[Occurrence], _: &[Webhook]| {
            told.iter()
                .map(|told| NewDelivery { id: told.id, event: told.event, receiver: hooks[0], expires_at: NOW + WEEK })
                .collect()
        };
        happened(&tenant, EventKind::UserLogin, None).await;
        assert_eq!(tenant.fan_out(9, NOW, again).await.unwrap(), 1, "{}", database.name);
        assert_eq!(system.waiting_deliveries(Sink::Webhook).await.unwrap(), 5, "{}", database.name);
    }
}

/// A release that knows no receivers writes its mails without saying that nobody else is told.
#[tokio::test]
async fn a_mail_of_the_release_before_is_told_to_no_receiver() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let hook = added(&tenant, &["email.send"]).await;
        let (event, delivery) = (EventId::ordered(&Random::system(), NOW), DeliveryId::ordered(&Random::system(), NOW));
        tenant
            .once(async |work| {
                work.emit(event, EventKind::EmailSend, "mail", delivery, Sink::Mail, NOW + LEASE, "req", NOW).await
            })
            .await;
        super::schema::run(&database, "UPDATE events SET fanned_out = FALSE WHERE id = $1", &[event.0]).await;
        assert_eq!(tenant.fan_out(9, NOW, all_to(&[hook])).await.unwrap(), 1, "{}", database.name);
        let system = database.store.system();
        assert_eq!(system.waiting_deliveries(Sink::Webhook).await.unwrap(), 0, "{}", database.name);
        let mails = system.claim_deliveries(tenant.tenant(), Sink::Mail, event.0, 9, LEASE, NOW).await.unwrap();
        assert_eq!(mails[0].payload.as_deref(), Some("mail"), "{}: and is still sent", database.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn workers_that_fan_out_while_events_happen_miss_none_and_double_none() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let hook = added(&tenant, &["user"]).await;
        let write = |tenant: TenantStore| async move {
            for _ in 0..15 {
                happened(&tenant, EventKind::UserLogin, None).await;
            }
        };
        let writers: Vec<_> = (0..3).map(|_| tokio::spawn(write(tenant.clone()))).collect();
        let fan = |tenant: TenantStore| async move {
            while tenant.deliveries(&DeliveryQuery::default(), None, 100).await.unwrap().len() < 45 {
                tenant.fan_out(4, NOW, all_to(&[hook])).await.unwrap();
            }
        };
        let workers: Vec<_> = (0..3).map(|_| tokio::spawn(fan(tenant.clone()))).collect();
        for run in writers.into_iter().chain(workers) {
            run.await.unwrap();
        }
        let told = tenant.deliveries(&DeliveryQuery::default(), None, 100).await.unwrap();
        let events: std::collections::HashSet<_> = told.iter().map(|one| one.event).collect();
        assert_eq!((told.len(), events.len()), (45, 45), "{}", database.name);
    }
}

#[tokio::test]
async fn a_receiver_has_deliveries_of_its_own_and_each_is_in_one_hand() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        let hooks = [added(&tenant, &["user"]).await, added(&tenant, &["user"]).await];
        let event = happened(&tenant, EventKind::UserLogin, None).await;
        tenant.fan_out(9, NOW, all_to(&hooks)).await.unwrap();
        assert!(tenant.is_due(hooks[0], NOW).await.unwrap(), "{}", database.name);
        let first = taken(&tenant, hooks[0], NOW).await;
        assert_eq!(first.len(), 1, "{}", database.name);
        assert_eq!((first[0].event, first[0].receiver), (event, Some(hooks[0])), "{}", database.name);
        assert_eq!((first[0].attempts, first[0].payload.as_deref()), (1, Some("sealed")));
        assert!(!tenant.is_due(hooks[0], NOW).await.unwrap(), "{}: it is in somebody's hand", database.name);
        assert!(tenant.is_due(hooks[1], NOW).await.unwrap(), "{}", database.name);
        assert!(tenant.is_due(hooks[0], NOW + LEASE).await.unwrap(), "{}: who died", database.name);

        let second = taken(&tenant, hooks[0], NOW + LEASE).await;
        assert_eq!(second[0].attempts, 2, "{}", database.name);
        assert!(!end(&tenant, &first[0], Ending::Done, Some(200)).await, "{}: the lease was lost", database.name);
        let retry_at = NOW + WEEK;
        let retry = Ending::Retry { at: retry_at, error: "503".into() };
        assert!(end(&tenant, &second[0], retry, Some(503)).await, "{}", database.name);
        let one = DeliveryQuery { receiver: Some(hooks[0]), ..DeliveryQuery::default() };
        let waiting = tenant.deliveries(&one, None, 9).await.unwrap().remove(0);
        assert_eq!((waiting.state, waiting.next_attempt_at), (State::Pending, retry_at), "{}", database.name);
        assert_eq!((waiting.last_status, waiting.last_error.as_deref()), (Some(503), Some("503")));
        assert_eq!((waiting.last_attempt_at, waiting.finished_at), (Some(NOW + LEASE), None), "{}", database.name);

        // A removed receiver is told nothing more.
        tenant.once(async |work| work.delete_webhook(hooks[0], NOW).await).await;
        let given_up = tenant.deliveries(&one, None, 9).await.unwrap().remove(0);
        assert_eq!((given_up.state, given_up.finished_at), (State::Dead, Some(NOW)), "{}", database.name);
        assert!(!tenant.is_due(hooks[0], retry_at).await.unwrap(), "{}", database.name);
    }
}

#[tokio::test]
async fn what_was_told_in_vain_is_told_again_by_id_and_by_range() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        let hook = added(&tenant, &["user"]).await;
        for _ in 0..3 {
            happened(&tenant, EventKind::UserLogin, None).await;
        }
        tenant.fan_out(9, NOW, all_to(&[hook])).await.unwrap();
        for delivery in taken(&tenant, hook, NOW).await {
            assert!(end(&tenant, &delivery, dead(), None).await);
        }
        assert_eq!(system.dead_deliveries(Sink::Webhook).await.unwrap(), 3, "{}", database.name);
        let buried = DeliveryQuery { state: Some(State::Dead), ..DeliveryQuery::default() };
        let page = tenant.deliveries(&buried, None, 2).await.unwrap();
        let last = page.last().map(|last| (last.created_at, last.id));
        let rest = tenant.deliveries(&buried, last, 2).await.unwrap();
        assert_eq!((page.len(), rest.len()), (2, 1), "{}", database.name);
        assert!(page.iter().all(|one| one.id != rest[0].id), "{}", database.name);

        let (id, until, later) = (rest[0].id, NOW + WEEK, NOW + LEASE);
        let replay = async || tenant.once(async |work| work.replay_delivery(id, until, later).await).await;
        assert!(replay().await, "{}", database.name);
        assert!(!replay().await, "{}: it is on its way", database.name);
        let on_its_way = DeliveryQuery { id: Some(id), ..DeliveryQuery::default() };
        let again = tenant.deliveries(&on_its_way, None, 9).await.unwrap().remove(0);
        assert_eq!((again.state, again.attempts, again.finished_at), (State::Pending, 0, None), "{}", database.name);
        let told = taken(&tenant, hook, later).await;
        assert_eq!((told[0].id, told[0].payload.as_deref()), (id, Some("sealed")), "{}", database.name);
        assert!(end(&tenant, &told[0], Ending::Done, Some(204)).await);
        assert!(replay().await, "{}: what was told can be told once more", database.name);

        let range =
            async |from, to| tenant.once(async |work| work.replay_dead(hook, from, to, until, later).await).await;
        assert_eq!(range(later, until).await, 0, "{}: none was made then", database.name);
        assert_eq!(range(NOW, later).await, 2, "{}", database.name);
        assert_eq!(taken(&tenant, hook, later).await.len(), 3, "{}", database.name);
    }
}

#[tokio::test]
async fn a_mail_told_to_receivers_is_erased_when_nobody_waits_for_it() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        let hooks = [added(&tenant, &["email.send"]).await, added(&tenant, &["email.send"]).await];
        let expires = Some(NOW + LEASE);
        happened(&tenant, EventKind::EmailSend, expires).await;
        tenant.fan_out(9, NOW, all_to(&hooks)).await.unwrap();
        let (one, other) = (taken(&tenant, hooks[0], NOW).await, taken(&tenant, hooks[1], NOW).await);
        assert!(end(&tenant, &one[0], Ending::Done, Some(200)).await);
        let replay = async |id| tenant.once(async |work| work.replay_delivery(id, NOW + WEEK, NOW).await).await;
        assert!(replay(one[0].id).await, "{}: the other still waits", database.name);
        assert!(end(&tenant, &taken(&tenant, hooks[0], NOW).await[0], Ending::Done, Some(200)).await);
        assert!(end(&tenant, &other[0], dead(), None).await);
        assert!(!replay(other[0].id).await, "{}: the mail is erased", database.name);

        // One that nobody is told of is erased at once, and one that is late when its time is over.
        let untold = happened(&tenant, EventKind::EmailSend, expires).await;
        tenant.fan_out(9, NOW, |_, _| Vec::new()).await.unwrap();
        assert_eq!(payload(&database, untold).await, None, "{}", database.name);
        let late = happened(&tenant, EventKind::EmailSend, expires).await;
        let login = happened(&tenant, EventKind::UserLogin, None).await;
        tenant.fan_out(9, NOW, all_to(&hooks[..1])).await.unwrap();
        system.clean_up(NOW + LEASE + LEASE).await.unwrap();
        assert_eq!(payload(&database, late).await, None, "{}", database.name);
        assert_eq!(payload(&database, login).await.as_deref(), Some("sealed"), "{}", database.name);
        let query = DeliveryQuery { event: Some(late), ..DeliveryQuery::default() };
        assert_eq!(tenant.deliveries(&query, None, 9).await.unwrap()[0].state, State::Dead, "{}", database.name);
    }
}

async fn payload(database: &super::databases::Database, event: EventId) -> Option<String> {
    let built = Built::new(&database.store, "SELECT payload FROM events WHERE id = ").value(Bound::Id(event.0));
    let mut rows: Vec<(Option<String>,)> = fetch_built!(&database.store, built).unwrap();
    rows.remove(0).0
}

#[tokio::test]
async fn what_waits_for_a_disabled_receiver_is_not_late() {
    for database in migrated().await {
        let (tenant, system) = (tenant(&database).await, database.store.system());
        let hook = added(&tenant, &["user"]).await;
        happened(&tenant, EventKind::UserLogin, None).await;
        tenant.fan_out(9, NOW, all_to(&[hook])).await.unwrap();
        let late = async |now| system.oldest_due(Sink::Webhook, now).await.unwrap();
        assert_eq!(late(NOW - LEASE).await, None, "{}", database.name);
        assert_eq!(late(NOW + LEASE).await, Some(NOW), "{}", database.name);
        let enable = async |enabled| {
            tenant.once(async |work| work.update_webhook(hook, "https://x.example", enabled, &[], NOW, NOW).await).await
        };
        assert!(enable(false).await);
        assert_eq!(late(NOW + LEASE).await, None, "{}", database.name);
        assert!(enable(true).await);
        assert_eq!(taken(&tenant, hook, NOW).await.len(), 1, "{}: it goes out now", database.name);
    }
}

#[tokio::test]
async fn every_worker_of_the_process_is_woken_by_an_event() {
    let database = migrated().await.remove(0);
    let (tenant, system) = (tenant(&database).await, database.store.system());
    happened(&tenant, EventKind::UserLogin, None).await;
    for sink in Sink::ALL {
        system.emitted(sink).await;
    }
}
