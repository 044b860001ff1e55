//! The words every other runtime crate speaks: ids, time, randomness, secrets, addresses, audit entries and events.
//!
//! Nothing here does I/O, knows a database, HTTP or a tenant's settings. Clock and randomness are values that are passed
//! in; the ambient ones are banned by lint everywhere else, so that every rule about time can be tested at any time.
//!
//! Start with [`id`] and [`time`]; [`audit`] and [`event`] say what a change leaves behind.

pub mod address;
pub mod api_scope;
pub mod audit;
pub mod event;
pub mod id;
pub mod metadata;
pub mod passkey;
pub mod random;
pub mod request;
pub mod secret;
pub mod time;
pub mod user_agent;
pub mod username;

pub use address::EmailAddress;
pub use api_scope::ApiScope;
pub use audit::{Actor, AuditEntry, AuditKind};
pub use event::{Event, EventKind};
pub use id::{
    ApiKeyId, AuditId, CredentialId, DeliveryId, EmailId, EventId, FlowId, OtpSecretId, PasswordId, SessionId,
    TenantId, UserId, UsernameId, WebhookId,
};
pub use metadata::{Category, Metadata};
pub use passkey::Passkey;
pub use random::Random;
pub use request::RequestMeta;
pub use secret::Secret;
pub use time::{Clock, Timestamp};
pub use username::Username;
