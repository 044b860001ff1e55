//! How a receiver lives: what disables it, what revives it, and what waits for it (`spec/webhooks-and-audit.md` §6).

use super::*;

#[tokio::test]
async fn six_given_up_in_a_row_disable_a_receiver_and_what_waits_goes_out_when_it_is_enabled() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(500)).await);
    let (id, _) = house.hook(&receiver, &["user"]).await;
    let running = house.work(&project("{maxAttempts: 1}", "[]"));
    for dead in 1..=6 {
        assert!(house.webhook(id).await.enabled);
        house.happen(EventKind::UserCreate).await;
        // Its lane rests meanwhile.
        until("it is given up", async || {
            house.clock.advance(Duration::from_secs(30));
            house.count(State::Dead).await == dead
        })
        .await;
        assert_eq!(house.webhook(id).await.failures, i32::try_from(dead).unwrap());
    }
    let disabled = house.webhook(id).await;
    assert!(!disabled.enabled);
    assert_eq!(running.counters.disabled(), 1);
    let row = house.store.newest_audit_rows(1).await.unwrap().remove(0);
    let details = json!({"webhook_id": id.to_string(), "reason": "failures"});
    assert_eq!((row.kind.as_str(), serde_json::to_value(&row.details).unwrap()), ("webhook_disabled", details));

    receiver.always(Conduct::Status(200));
    let before = receiver.received().len();
    house.happen(EventKind::UserCreate).await;
    until("it waits", async || house.count(State::Pending).await == 1).await;
    house.clock.advance(Duration::from_secs(3600));
    assert_eq!(receiver.received().len(), before, "a disabled receiver is left alone");
    let mut work = house.store.begin().await.unwrap();
    let (callback, now) = (receiver.url().parse().unwrap(), house.clock.now());
    assert!(manage::update(&mut work, &house.random, now, id, &callback, true, &["user".into()]).await.unwrap());
    work.commit().await.unwrap();
    until("what waited is told", async || house.count(State::Done).await == 1).await;
    let enabled = house.webhook(id).await;
    assert_eq!((enabled.enabled, enabled.failures, enabled.expires_at), (true, 0, house.clock.now() + LIFETIME));
    running.stop().await;
}

#[tokio::test]
async fn a_success_forgives_and_a_receiver_that_is_gone_is_not_asked_again() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    let (id, _) = house.hook(&receiver, &["user"]).await;
    receiver.then([Conduct::Status(410)]);
    let running = house.work(&plain());
    house.happen(EventKind::UserCreate).await;
    until("it is given up", async || house.count(State::Dead).await == 1).await;
    let delivery = house.deliveries().await.remove(0);
    assert_eq!((delivery.attempts, delivery.last_status, house.webhook(id).await.failures), (1, Some(410), 1));
    house.clock.advance(Duration::from_secs(30));
    house.happen(EventKind::UserCreate).await;
    until("the next is told", async || house.count(State::Done).await == 1).await;
    assert_eq!(house.webhook(id).await.failures, 0);
    running.stop().await;
}

#[tokio::test]
async fn a_receiver_lives_as_long_as_something_reaches_it_where_the_project_wants_that() {
    for (settings, enabled) in [("{allowTimeExpiration: true}", false), ("{}", true)] {
        let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
        let (id, _) = house.hook(&receiver, &["user"]).await;
        let running = house.work(&project(settings, "[]"));
        house.clock.advance(LIFETIME - Duration::from_secs(60));
        house.happen(EventKind::UserCreate).await;
        until("it is told in time", async || house.count(State::Done).await == 1).await;
        assert_eq!(house.webhook(id).await.expires_at, house.clock.now() + LIFETIME);
        house.clock.advance(LIFETIME + Duration::from_secs(1));
        house.happen(EventKind::UserCreate).await;
        if enabled {
            until("it is told late", async || house.count(State::Done).await == 2).await;
        } else {
            until("it is disabled", async || !house.webhook(id).await.enabled).await;
            assert_eq!((house.count(State::Pending).await, receiver.received().len()), (1, 1));
            let row = house.store.newest_audit_rows(1).await.unwrap().remove(0);
            assert_eq!((row.kind.as_str(), &row.details["reason"]), ("webhook_disabled", &json!("expired")));
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_one_before_until_that_has_run_out() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    let (id, before) = house.hook(&receiver, &["user"]).await;
    let mut work = house.store.begin().await.unwrap();
    let (overlap, now) = (Duration::from_secs(3600), house.clock.now());
    let after =
        manage::rotate_secret(&mut work, &house.sealer, &house.random, now, id, overlap).await.unwrap().unwrap();
    work.commit().await.unwrap();
    let running = house.work(&plain());
    for (secrets, told) in [(vec![&after, &before], 1), (vec![&after], 2)] {
        house.happen(EventKind::UserCreate).await;
        until("it is told", async || house.count(State::Done).await == told).await;
        let request = receiver.received().pop().unwrap();
        let sign = |secret: &&SigningSecret| {
            secret.sign(request.header("webhook-id"), house.clock.now().seconds(), &request.body)
        };
        let expected: Vec<String> = secrets.iter().map(sign).collect();
        assert_eq!(request.header("webhook-signature"), expected.join(" "));
        house.clock.advance(overlap);
    }
    running.stop().await;
}

#[tokio::test]
async fn what_happened_is_of_use_for_seven_days_and_a_receiver_is_not_blamed_for_what_expired() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(200)).await);
    let (id, _) = house.hook(&receiver, &["user"]).await;
    let mut work = house.store.begin().await.unwrap();
    let callback = receiver.url().parse().unwrap();
    manage::update(&mut work, &house.random, house.clock.now(), id, &callback, false, &["user".into()]).await.unwrap();
    work.commit().await.unwrap();
    let running = house.work(&plain());
    house.happen(EventKind::UserCreate).await;
    until("it waits", async || house.count(State::Pending).await == 1).await;
    house.clock.advance(KEPT);
    let mut work = house.store.begin().await.unwrap();
    manage::update(&mut work, &house.random, house.clock.now(), id, &callback, true, &["user".into()]).await.unwrap();
    work.commit().await.unwrap();
    until("it is given up", async || house.count(State::Dead).await == 1).await;
    assert_eq!(house.deliveries().await[0].last_error.as_deref(), Some("expired"));
    assert_eq!((receiver.received().len(), house.webhook(id).await.failures), (0, 0));
    running.stop().await;
}

#[tokio::test]
async fn a_removed_receiver_is_told_nothing_more() {
    let (house, receiver) = (House::new().await, Receiver::start(Conduct::Status(500)).await);
    let (id, _) = house.hook(&receiver, &["user"]).await;
    let running = house.work(&plain());
    house.happen(EventKind::UserCreate).await;
    until("it is to be tried again", async || running.count("retried") == 1 && house.count(State::Pending).await == 1)
        .await;
    let mut work = house.store.begin().await.unwrap();
    assert!(manage::delete(&mut work, house.clock.now(), id).await.unwrap());
    work.commit().await.unwrap();
    assert_eq!(house.deliveries().await[0].last_error.as_deref(), Some("the webhook was removed"));
    house.clock.advance(Duration::from_secs(3600));
    house.happen(EventKind::UserCreate).await;
    until("its event has no receiver", async || {
        house.store.store().system().tenants_to_fan_out().await.unwrap().is_empty()
    })
    .await;
    assert_eq!((house.count(State::Dead).await, house.deliveries().await.len(), receiver.received().len()), (1, 1, 1));
    running.stop().await;
}
