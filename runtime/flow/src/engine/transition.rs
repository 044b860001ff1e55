//! The operations of §1.9 on the working copy. They decide; nothing is written here.

use crate::engine::{
    Cx, Failure, FlowError, Step,
    record::{Position, Record, Snapshot},
};

/// How far `back` leads; no way through a flow is as long.
const MOST_SNAPSHOTS: usize = 32;

/// Performs a step and returns the record to write. `old` is the run as it was stored.
pub(crate) async fn go(cx: &mut Cx<'_>, old: &Record, step: Step) -> Result<Record, Failure> {
    match step {
        Step::Onward { states, no_return } => onward(cx, old, states, no_return).await,
        Step::Back => back(cx, old).await,
    }
}

async fn onward(cx: &mut Cx<'_>, old: &Record, states: Vec<&'static str>, no_return: bool) -> Result<Record, Failure> {
    let flow = cx.flow;
    cx.scheduled.extend(states);
    let current = cx.state.clone();
    let owner = flow.find(&current).map(|state| state.owner).unwrap_or_default();
    let leaves_owner = match next(cx) {
        None => true,
        Some(state) => flow.find(&state).is_none_or(|state| state.owner != owner),
    };
    if leaves_owner {
        for (_, hook) in flow.after_owner.iter().filter(|(name, _)| *name == owner) {
            hook.run(cx).await?;
        }
    }
    for (_, hook) in flow.after.iter().filter(|(name, _)| *name == current) {
        hook.run(cx).await?;
    }
    let entered = next(cx).ok_or_else(|| Failure::internal(format_args!("nothing follows {current}")))?;
    if flow.find(&entered).is_none() {
        return Err(Failure::internal(format_args!("{} has no state {entered}", flow.name)));
    }
    enter(cx, &entered).await?;

    let mut history = old.history.clone();
    if entered != current {
        history.push(Snapshot { at: old.at.clone(), revertible: !no_return });
        // Two states that lead to each other would make the row grow for ever.
        if history.len() > MOST_SNAPSHOTS {
            history.remove(0);
        }
    }
    let mut queue: Vec<String> = cx.scheduled.iter().map(|state| (*state).to_owned()).collect();
    queue.extend(cx.queue.iter().cloned());
    queue.remove(0);
    cx.previous = Some(current);
    cx.queue = queue;
    Ok(record(cx, history))
}

async fn back(cx: &mut Cx<'_>, old: &Record) -> Result<Record, Failure> {
    let mut history = old.history.clone();
    let snapshot =
        history.pop().filter(|snapshot| snapshot.revertible).ok_or_else(|| Failure::internal("no way back"))?;
    let Position { state, previous, queue, stash } = snapshot.at;
    cx.previous = previous;
    cx.queue = queue;
    cx.stash = stash;
    enter(cx, &state).await?;
    Ok(record(cx, history))
}

/// Refuses: the same state again, or `error`; codes and challenges are kept, the stash is as it was (§1.9.2). Unlike upstream
/// the state before stays what it was, else an invalid input would lift rules that depend on it (§7 Q3).
pub(crate) async fn refuse(cx: &mut Cx<'_>, old: &Record, error: FlowError) -> Result<Record, Failure> {
    cx.error = Some(error);
    cx.scheduled.clear();
    cx.stash = old.at.stash.clone();
    let state = if error.status() < 500 { cx.state.clone() } else { "error".to_owned() };
    enter(cx, &state).await?;
    Ok(record(cx, old.history.clone()))
}

/// Runs the hooks before a state and makes it the current one.
pub(crate) async fn enter(cx: &mut Cx<'_>, state: &str) -> Result<(), Failure> {
    let flow = cx.flow;
    for (_, hook) in flow.before.iter().filter(|(name, _)| *name == state) {
        hook.run(cx).await?;
    }
    cx.state = state.to_owned();
    Ok(())
}

fn next(cx: &Cx<'_>) -> Option<String> {
    cx.scheduled.first().map(|state| (*state).to_owned()).or_else(|| cx.queue.first().cloned())
}

/// The record after the step. A run that has ended forgets everything it knew (§7 Q9).
fn record(cx: &mut Cx<'_>, mut history: Vec<Snapshot>) -> Record {
    let ended = cx.flow.find(&cx.state).is_none_or(|state| state.actions.is_empty());
    if ended {
        history.clear();
        cx.stash = Default::default();
        cx.kept = Default::default();
        cx.queue.clear();
    }
    let now = cx.now;
    cx.kept.ceremonies.retain(|ceremony| ceremony.expires_at() > now);
    let record = Record {
        csrf_token: cx.inner().random.text(hanko_domain::random::ALPHANUMERIC, 32),
        at: Position {
            state: cx.state.clone(),
            previous: cx.previous.clone(),
            queue: cx.queue.clone(),
            stash: cx.stash.clone(),
        },
        kept: cx.kept.clone(),
        history,
    };
    cx.can_go_back = record.can_go_back();
    record
}
