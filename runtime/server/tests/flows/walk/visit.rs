//! One run beside the model of it.

use std::fmt::Debug;

use serde_json::Value;

use super::{
    check::{check, check_stored},
    model::{Run, World},
    moves::With,
    outcome::{Outcome, Payload},
    people::Client,
    tables::actions,
};
use crate::support::{Flow, TestApp};

/// An action and how it is called.
pub type Move<W = With> = (String, W);

/// Somebody on the way through a flow.
pub struct Visit<'a> {
    pub app: &'a TestApp,
    pub world: &'a World<'a>,
    pub run: Run,
    pub client: Client,
    pub flow: Flow<'a>,
    pub path: Vec<Move>,
}

/// What may send a mail.
const MAILING: [&str; 6] = [
    "continue_with_login_identifier",
    "continue_to_passcode_confirmation",
    "continue_to_passcode_confirmation_recovery",
    "resend_passcode",
    "register_login_identifier",
    "email_address_set",
];

impl<'a> Visit<'a> {
    /// `cookie`: that of a trusted device.
    pub async fn begin(app: &'a TestApp, world: &'a World<'a>, cookie: Option<&str>) -> Self {
        let path = if world.registering { "/registration" } else { "/login" };
        let mut flow = Flow::begin(app, path).await;
        flow.headers.extend(cookie.map(|cookie| ("cookie".to_owned(), cookie.to_owned())));
        Self { app, world, run: Run::begin(world), client: Client::new(world.people), flow, path: Vec::new() }
    }

    /// What can be done now; the way back comes first. `capabilities` are those of the clients that come.
    pub fn moves(&self, capabilities: &[With]) -> Vec<Move> {
        let names = actions(self.world, &self.run);
        let ways = names.keys().flat_map(|action| {
            let ways = match action.as_str() {
                "register_client_capabilities" => capabilities.to_vec(),
                _ => self.world.ways(&self.run, action),
            };
            ways.into_iter().map(|with| (action.clone(), with))
        });
        let mut ways: Vec<Move> = ways.collect();
        ways.sort_by_key(|(action, _)| action != "back");
        ways
    }

    /// Performs an action and holds the answer against the model.
    pub async fn go(&mut self, (action, with): Move) -> Outcome {
        self.path.push((action.clone(), with.clone()));
        let before = self.flow.document();
        // Of several mails to one address the newest has to come last.
        if self.run.code.is_some() && MAILING.contains(&action.as_str()) {
            self.app.until_delivered().await;
        }
        let inputs = self.client.inputs(self.app, &self.flow, &self.run, &action, &with).await;
        let outcome = self.run.act(self.world, &action, &with);
        self.flow.act(&action, inputs).await;
        let context = Context(&self.path, &self.flow.answer.json());
        check(self.world, &self.run, &action, &outcome, &before, &self.flow.answer);
        if outcome.payload == Payload::Success {
            check_stored(self.app, &self.flow.answer).await;
        }
        drop(context);
        self.client.see(&self.flow.document());
        outcome
    }
}

/// Says where it happened when a check fails.
pub struct Context<'a, W: Debug = With>(pub &'a [Move<W>], pub &'a Value);

impl<W: Debug> Drop for Context<'_, W> {
    #[allow(clippy::print_stderr, reason = "what a failed check needs to be understood")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after {:?}\n{:#}", self.0, self.1);
        }
    }
}
