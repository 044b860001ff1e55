//! Laws, for chains of any shape.

use proptest::{prelude::*, test_runner::TestRunner};

use super::{databases::Database, *};

/// What happens to a log in its life.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Seal(u32),
    Remove(u64),
    Rotate,
}

fn life() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1_usize..6).prop_map(Step::Write),
        (1_u32..5).prop_map(Step::Seal),
        (0_u64..20).prop_map(Step::Remove),
        Just(Step::Rotate),
    ];
    prop::collection::vec(step, 1..14)
}

/// Lives it, and gives the keys it ended with.
async fn live(store: &TenantStore, steps: &[Step]) -> Vec<&'static str> {
    let (mut keys, mut written) = (vec!["k1"], 0);
    for step in steps {
        let chain = chain(store, &keys);
        match step {
            Step::Write(count) => {
                write(store, written..written + count).await;
                written += count;
            }
            Step::Seal(batch) => {
                let rows = store.unsealed_audit_rows(*batch).await.unwrap();
                chain.seal(rows, NOW).await.unwrap();
            }
            Step::Remove(seconds) => {
                chain.remove(NOW + Duration::from_secs(*seconds), 3, NOW).await.unwrap();
            }
            Step::Rotate => {
                keys = vec!["k1", "k2"];
                super::chain(store, &keys).renew(NOW).await.unwrap();
            }
        }
    }
    keys
}

fn cases(count: u32, database: &Database, law: impl Fn(Vec<Step>, usize) -> Result<(), TestCaseError>) {
    let mut runner =
        TestRunner::new(ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() });
    let outcome = runner.run(&(life(), any::<prop::sample::Index>()), |(steps, at)| law(steps, at.index(1000)));
    outcome.unwrap_or_else(|error| panic!("{}: {error}", database.name));
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

#[test]
fn whatever_a_log_lives_through_it_is_proven_and_one_hand_on_it_is_found() {
    let runtime = runtime();
    for database in runtime.block_on(databases::migrated()) {
        let cases_here = if database.name == "sqlite" { 40 } else { 12 };
        cases(cases_here, &database, |steps, at| {
            runtime.block_on(async {
                let store = database.tenant().await;
                let keys = live(&store, &steps).await;
                let whole = report(&store, &keys).await;
                prop_assert_eq!(&whole.broken, &None);
                let (floor, head) = (whole.floor.unwrap_or(0), whole.head.unwrap_or(0));
                prop_assert_eq!(i64::try_from(whole.proven).unwrap(), head - floor);
                let all = store.count_audit_rows(&AuditQuery::default()).await.unwrap();
                prop_assert_eq!(all, whole.proven + whole.unsealed);
                prop_assert_eq!(all, store.newest_audit_rows(1000).await.unwrap().len() as u64);
                if whole.proven == 0 {
                    return Ok(());
                }
                let at = floor + 1 + i64::try_from(at).unwrap() % (head - floor);
                let tenant = database.id(store.tenant().0);
                let forgeries = [
                    format!("UPDATE audit_logs SET error = 'changed' WHERE tenant_id = {tenant} AND sequence = {at}"),
                    format!("DELETE FROM audit_logs WHERE tenant_id = {tenant} AND sequence = {at}"),
                    format!("UPDATE audit_logs SET sequence = NULL WHERE tenant_id = {tenant} AND sequence = {at}"),
                    format!("UPDATE audit_logs SET mac_key = 'k9' WHERE tenant_id = {tenant} AND sequence = {at}"),
                    format!(
                        "UPDATE audit_logs SET sequence = {head} + 1 WHERE tenant_id = {tenant} AND sequence = {at}"
                    ),
                ];
                let forgery = &forgeries[usize::try_from(at).unwrap() % forgeries.len()];
                prop_assert_eq!(database.tamper(forgery.clone()).await, 1);
                let broken = report(&store, &keys).await.broken;
                prop_assert!(broken.is_some(), "{}", forgery);
                Ok(())
            })
        });
    }
}
