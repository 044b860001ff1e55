//! Mail, audit rows and the outbox worker that delivers what a transaction promised.
//!
//! A flow asks for a mail with [`mail::enqueue`], inside its own unit of work: the mail becomes true together with the
//! change it reports, and the flow answers without waiting for a mail server. The [`Worker`] of the process delivers it
//! afterwards, again and again until the code in it has expired. Between the two, the mail is a sealed snapshot in the
//! table `events`; it is erased as soon as the mail is told.
//!
//! * [`mail`]: what a flow asks for, and how that becomes subject, text and HTML in the recipient's language.
//! * [`smtp`]: one tenant's way to its mail server.
//! * [`worker`]: takes due mails, renders, sends, and records how that ended.
//! * [`events`]: what else a change promised to tell.
//! * [`audit`]: the one place that masks personal data before a row of the audit log is written.
//!
//! The crate never knows HTTP, flows or configuration files. A code never reaches a log, an error or a `Debug`: what is
//! logged of a mail is its template, tenant, masked recipient, message id and the server's reply. (lettre's feature
//! `tracing` must stay off: it writes whole commands, credentials included.)

pub mod audit;
pub mod events;
pub mod mail;
pub mod smtp;
pub mod worker;

pub use mail::{Look, Message, Template};
pub use smtp::{Mailer, MailerConfig, SendError, Tls};
pub use worker::{Counters, Outcome, Way, Worker};
