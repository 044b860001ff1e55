//! Mail, webhooks, audit rows and the outbox workers that deliver what a transaction promised.
//!
//! A flow asks for a mail with [`mail::enqueue`], inside its own unit of work: the mail becomes true together with the
//! change it reports, and the flow answers without waiting for a mail server. The [`Worker`] of the process delivers it
//! afterwards, again and again until the code in it has expired. Between the two, the mail is a sealed snapshot in the
//! table `events`; it is erased as soon as the mail is told. What else happened is written with [`events::record`], and the
//! [`webhook::Worker`] tells it to whoever subscribed.
//!
//! * [`mail`]: what a flow asks for, how that becomes subject, text and HTML in the recipient's language, and the worker that
//!   sends it.
//! * [`smtp`]: one tenant's way to its mail server.
//! * [`events`]: what else a change promised to tell.
//! * [`webhook`]: who is told, and how.
//! * `worker`: what the two workers have in common.
//! * [`audit`]: the one place that masks personal data before a row of the audit log is written.
//!
//! The crate never knows routes, flows or configuration files. A code never reaches a log, an error or a `Debug`: what is
//! logged of a mail is its template, tenant, masked recipient, message id and the server's reply. (lettre's feature
//! `tracing` must stay off: it writes whole commands, credentials included.)

pub mod audit;
pub mod events;
pub mod mail;
pub mod smtp;
pub mod webhook;
mod worker;

pub use mail::{
    Look, Message, Template,
    worker::{Counters, Outcome, Way, Worker},
};
pub use smtp::{Mailer, MailerConfig, SendError, Tls};
