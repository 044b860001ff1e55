//! What HTTP needs around the handlers: errors, bodies, cookies, tokens, cross-origin rules, client addresses; and the frame of the Admin API.

pub(crate) mod admin;
pub(crate) mod body;
pub(crate) mod client_ip;
pub(crate) mod cookie;
pub(crate) mod cors;
pub(crate) mod delivery;
pub(crate) mod error;
pub(crate) mod input;
pub(crate) mod json;
pub(crate) mod openapi;
pub(crate) mod quota;
pub(crate) mod request_id;
pub(crate) mod token;
