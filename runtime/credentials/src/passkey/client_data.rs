//! What the browser says about a ceremony (`clientDataJSON`), and how the answer around it is read.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use super::{Challenge, Refusal, RelyingParty};

/// Longest part of a foreign text that is repeated in a refusal.
const QUOTED: usize = 100;

/// The client data, with the bytes that were signed.
#[derive(Clone, Debug)]
pub(super) struct ClientData {
    pub(super) raw: Vec<u8>,
    r#type: String,
    pub(super) challenge: Challenge,
    pub(super) origin: String,
    cross_origin: bool,
    top_origin: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    r#type: String,
    challenge: Challenge,
    origin: String,
    #[serde(default)]
    cross_origin: Option<bool>,
    #[serde(default)]
    top_origin: Option<String>,
}

impl ClientData {
    pub(super) fn parse(raw: Vec<u8>) -> Result<Self, Refusal> {
        let Fields { r#type, challenge, origin, cross_origin, top_origin } =
            serde_json::from_slice(&raw).map_err(|_| Refusal::Malformed("clientDataJSON"))?;
        Ok(Self { raw, r#type, challenge, origin, cross_origin: cross_origin.unwrap_or(false), top_origin })
    }

    /// Type, origin and frame. The challenge has already chosen the ceremony.
    pub(super) fn check(&self, rp: &RelyingParty, expected: &str) -> Result<(), Refusal> {
        if self.r#type != expected {
            return Err(Refusal::ClientDataType);
        }
        if !rp.allows_origin(&self.origin) {
            return Err(Refusal::Origin(quoted(&self.origin)));
        }
        if self.cross_origin && !self.top_origin.as_deref().is_some_and(|top| rp.allows_top_origin(top)) {
            return Err(Refusal::CrossOrigin(self.top_origin.as_deref().map(quoted).unwrap_or_default()));
        }
        Ok(())
    }
}

/// The beginning of a text that somebody else wrote.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

/// Members of a `PublicKeyCredential` that both ceremonies share. Bridges and extensions leave the others out, or blank.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credential<R> {
    pub(super) id: Bytes,
    #[serde(default)]
    raw_id: Option<Bytes>,
    #[serde(default)]
    r#type: Option<String>,
    pub(super) response: R,
}

impl<R: DeserializeOwned> Credential<R> {
    /// Nothing may follow the JSON.
    pub(super) fn parse(json: &str) -> Result<Self, Refusal> {
        let credential: Self = serde_json::from_str(json).map_err(|_| Refusal::Malformed("JSON"))?;
        if credential.raw_id.as_ref().is_some_and(|raw| raw.0 != credential.id.0) {
            return Err(Refusal::Malformed("id and rawId differ"));
        }
        if credential.r#type.as_ref().is_some_and(|kind| kind != "public-key") {
            return Err(Refusal::Malformed("type"));
        }
        Ok(credential)
    }
}

/// Bytes as base64url, padding tolerated.
#[derive(Clone, Debug)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::base64url::deserialize(deserializer).map(Self)
    }
}
