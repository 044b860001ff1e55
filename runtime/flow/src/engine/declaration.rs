//! The vocabulary in which flows are written.

use std::time::Duration;

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::engine::{Cx, Failure, FlowError, Input, input};

/// A flow: a table of states with the hooks between them.
pub(crate) struct Flow {
    pub(crate) name: &'static str,
    pub(crate) ttl: Duration,
    /// The states a run begins with, in order.
    pub(crate) initial: &'static [&'static str],
    pub(crate) states: Vec<State>,
    /// Every request needs the session of a user.
    pub(crate) for_users: bool,
    pub(crate) detour: Option<Box<dyn Detour>>,
    pub(crate) before_each: Vec<Box<dyn Hook>>,
    pub(crate) before: Vec<(&'static str, Box<dyn Hook>)>,
    pub(crate) after: Vec<(&'static str, Box<dyn Hook>)>,
    pub(crate) after_owner: Vec<(&'static str, Box<dyn Hook>)>,
}

impl Flow {
    pub(crate) fn named(name: &'static str, initial: &'static [&'static str]) -> Self {
        Self {
            name,
            ttl: Duration::from_secs(24 * 3600),
            initial,
            states: Vec::new(),
            for_users: false,
            detour: None,
            before_each: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
            after_owner: Vec::new(),
        }
    }

    /// Adds a state.
    pub(crate) fn state(mut self, state: State) -> Self {
        self.states.push(state);
        self
    }

    /// Only signed-in users come in.
    pub(crate) fn for_users(mut self) -> Self {
        self.for_users = true;
        self
    }

    /// May lead elsewhere in the place of an action.
    pub(crate) fn detour(mut self, detour: impl Detour + 'static) -> Self {
        self.detour = Some(Box::new(detour));
        self
    }

    /// Runs before each action and may refuse it (§1.4 step 11).
    pub(crate) fn before_each(mut self, hook: impl Hook + 'static) -> Self {
        self.before_each.push(Box::new(hook));
        self
    }

    /// Runs before a state is shown, also when it is shown again.
    pub(crate) fn before(mut self, state: &'static str, hook: impl Hook + 'static) -> Self {
        self.before.push((state, Box::new(hook)));
        self
    }

    /// Runs when an action of the state has gone onward.
    pub(crate) fn after(mut self, state: &'static str, hook: impl Hook + 'static) -> Self {
        self.after.push((state, Box::new(hook)));
        self
    }

    /// Runs when the run leaves the states of an owner.
    pub(crate) fn after_owner(mut self, owner: &'static str, hook: impl Hook + 'static) -> Self {
        self.after_owner.push((owner, Box::new(hook)));
        self
    }

    /// A state by name.
    pub(crate) fn find(&self, name: &str) -> Option<&State> {
        self.states.iter().find(|state| state.name == name)
    }
}

/// A state: a name, its owner (the sub-flow of §0.2) and its actions.
pub(crate) struct State {
    pub(crate) name: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) actions: Vec<Box<dyn AnyAction>>,
}

impl State {
    pub(crate) fn named(name: &'static str, owner: &'static str) -> Self {
        Self { name, owner, actions: Vec::new() }
    }

    /// Offers an action.
    pub(crate) fn on<A: Action + 'static>(mut self, action: A) -> Self {
        self.actions.push(Box::new(action));
        self
    }

    /// An action by name.
    pub(crate) fn action(&self, name: &str) -> Option<&dyn AnyAction> {
        self.actions.iter().find(|action| action.name() == name).map(AsRef::as_ref)
    }
}

/// One thing a client can do in a state.
#[async_trait]
pub(crate) trait Action: Send + Sync {
    /// Its wire name.
    const NAME: &'static str;
    /// For people who read the wire.
    const DESCRIPTION: &'static str;
    /// The states it can lead to beside its own; draws the diagram, and the tests hold it against what happens.
    const LEADS_TO: &'static [&'static str];
    /// What it reads from the client.
    type Input: DeserializeOwned + Send;

    /// Describes its inputs.
    fn inputs(&self, _cx: &Cx<'_>) -> Vec<Input> {
        Vec::new()
    }

    /// Whether it is not offered right now.
    fn suspended(&self, _cx: &Cx<'_>) -> bool {
        false
    }

    /// Phase one: reads and computes, holds no connection.
    async fn decide(&self, cx: &mut Cx<'_>, input: Self::Input) -> Result<Step, Failure>;
}

/// Something that has to happen before an action may.
#[async_trait]
pub(crate) trait Detour: Send + Sync {
    /// What the diagram calls it.
    fn name(&self) -> &'static str;

    /// The state whose actions it may come before.
    fn from(&self) -> &'static str;

    /// The states it can lead to.
    fn leads_to(&self) -> &'static [&'static str];

    /// Where the run goes in the place of the action; `None`: the action may happen.
    async fn instead(&self, cx: &mut Cx<'_>) -> Result<Option<Step>, Failure>;
}

/// Something that happens between states.
#[async_trait]
pub(crate) trait Hook: Send + Sync {
    /// Phase one, like an action.
    async fn run(&self, cx: &mut Cx<'_>) -> Result<(), Failure>;
}

/// Where a run goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    /// To the first of these, else to what is scheduled. `no_return`: `back` does not lead over this step.
    Onward { states: Vec<&'static str>, no_return: bool },
    /// To where it was before.
    Back,
}

impl Step {
    /// To what is scheduled.
    pub(crate) fn onward() -> Self {
        Self::Onward { states: Vec::new(), no_return: false }
    }

    /// To a state.
    pub(crate) fn to(state: &'static str) -> Self {
        Self::Onward { states: vec![state], no_return: false }
    }

    /// To several states, one after the other.
    pub(crate) fn through(states: Vec<&'static str>) -> Self {
        Self::Onward { states, no_return: false }
    }

    /// `back` does not lead over this step: something was proven or spent.
    pub(crate) fn no_return(self) -> Self {
        match self {
            Self::Onward { states, .. } => Self::Onward { states, no_return: true },
            Self::Back => Self::Back,
        }
    }
}

/// An action without its type.
#[async_trait]
pub(crate) trait AnyAction: Send + Sync {
    fn name(&self) -> &'static str;
    fn description(&self) -> &'static str;
    fn leads_to(&self) -> &'static [&'static str];
    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input>;
    fn suspended(&self, cx: &Cx<'_>) -> bool;
    async fn perform(&self, cx: &mut Cx<'_>, submitted: &Map<String, Value>) -> Result<Step, Failure>;
}

#[async_trait]
impl<A: Action> AnyAction for A {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn description(&self) -> &'static str {
        A::DESCRIPTION
    }

    fn leads_to(&self) -> &'static [&'static str] {
        A::LEADS_TO
    }

    fn inputs(&self, cx: &Cx<'_>) -> Vec<Input> {
        Action::inputs(self, cx)
    }

    fn suspended(&self, cx: &Cx<'_>) -> bool {
        Action::suspended(self, cx)
    }

    async fn perform(&self, cx: &mut Cx<'_>, submitted: &Map<String, Value>) -> Result<Step, Failure> {
        let values = input::read(&Action::inputs(self, cx), submitted)
            .map_err(|inputs| Failure::Refused { error: FlowError::FormDataInvalid, inputs })?;
        let values = serde_json::from_value(Value::Object(values))
            .map_err(|_| Failure::internal(format_args!("the inputs of {} do not fit its type", A::NAME)))?;
        self.decide(cx, values).await
    }
}

/// No input at all.
#[derive(serde::Deserialize)]
pub(crate) struct Nothing {}
