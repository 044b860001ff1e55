//! The outbox and the chain of the audit log.

use std::time::Duration;

use hanko_domain::{
    Actor, AuditEntry, AuditId, AuditKind, DeliveryId, EventId, EventKind, Random, RequestMeta, WebhookId,
};

use super::{NOW, Value, analyze, fill, migrated, named, plan, tenant};
use crate::{
    audit::chain,
    outbox::{NewDelivery, Occurrence, claim, fan_out, log},
};

#[tokio::test]
async fn every_step_of_the_outbox_and_of_the_audit_chain_uses_an_index() {
    for database in migrated().await {
        let tenant = tenant(&database).await;
        fill(&tenant).await;
        let random = Random::system();
        let receiver = WebhookId::random(&random);
        for n in 0..150_u64 {
            let at = NOW + Duration::from_secs(n);
            let (event, audit) = (EventId::ordered(&random, at), AuditId::ordered(&random, at));
            let entry = AuditEntry::new(AuditKind::LoginSuccess, Actor::none());
            tenant
                .once(async |work| {
                    work.insert_audit(audit, &entry, &RequestMeta::default(), at).await?;
                    work.insert_event(event, EventKind::UserLogin, "sealed", "req", Some(at), at).await
                })
                .await;
        }
        let told = |occurrences: &[Occurrence], _: &[_]| {
            let delivery = |one: &Occurrence| NewDelivery {
                id: DeliveryId::random(&random),
                event: one.event,
                receiver,
                expires_at: NOW,
            };
            occurrences.iter().map(delivery).collect()
        };
        assert_eq!(tenant.fan_out(100, NOW, told).await.unwrap(), 100);
        analyze(&database).await;
        let (own, id, now) = (Value::Id(tenant.tenant().0), Value::Id(receiver.0), Value::Number(NOW.0));
        let (sink, one) = (Value::Text("webhook"), Value::Number(1));
        for (statements, name, values) in [
            (claim::STATEMENTS, "DUE_FOR", vec![&own, &id, &now, &now]),
            (claim::STATEMENTS, "CLAIM_FOR", vec![&id, &now, &now, &own, &own, &id, &now, &now, &one]),
            (fan_out::STATEMENTS, "TENANTS", vec![]),
            (fan_out::STATEMENTS, "OCCURRENCES", vec![&own, &one]),
            (log::STATEMENTS, "WAITING", vec![&sink]),
            (log::STATEMENTS, "DEAD", vec![&sink]),
            (log::STATEMENTS, "REPLAY", vec![&now, &now, &own, &id, &now]),
            (log::STATEMENTS, "REPLAY_DEAD", vec![&now, &now, &own, &id, &now, &now, &now]),
            (crate::cleanup::STATEMENTS, "EXPIRED_PAYLOADS", vec![&now]),
            (chain::STATEMENTS, "UNSEALED", vec![&own]),
            (chain::STATEMENTS, "IS_SEALED", vec![&own, &one]),
            (chain::STATEMENTS, "UP_TO", vec![&own, &one]),
            (chain::STATEMENTS, "REMOVE", vec![&own, &one]),
            (crate::audit::query::STATEMENTS, "COUNT", vec![&own, &own, &own]),
        ] {
            let values: Vec<Value> = values.into_iter().cloned().collect();
            let (plan, whole) = plan(&database, named(statements, name), &values).await;
            assert_eq!(whole, 0, "{}: {name}:\n{plan}", database.name);
        }
    }
}
