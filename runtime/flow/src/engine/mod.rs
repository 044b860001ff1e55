//! What is the same for every flow (`spec/flow-login-registration.md` §1).
//!
//! [`declaration`] is the vocabulary in which flows and states are written; [`input`] reads and checks what a client sends;
//! [`context`] is what an action sees; [`error`] the catalogue of failures; [`identity`] the ids of runs that are not stored yet;
//! [`record`] what is stored; [`transition`] the three operations; [`render`] the answer; [`turns`] keeps two requests of one run
//! apart; [`run()`] puts it together.

pub(crate) mod context;
pub(crate) mod declaration;
mod diagram;
pub(crate) mod error;
pub(crate) mod identity;
pub(crate) mod input;
pub(crate) mod record;
mod render;
mod run;
mod transition;
mod turns;

pub(crate) use context::Cx;
pub(crate) use declaration::{Action, Detour, Flow, Hook, State, Step};
pub use diagram::diagrams;
pub(crate) use error::{Failure, FlowError, InputError};
pub(crate) use input::Input;
pub use run::{Body, Reply, TrustedDevice, run};
pub(crate) use turns::Turns;
