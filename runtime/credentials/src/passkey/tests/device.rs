//! An authenticator and its browser, made by hand so that they can lie.

use std::collections::BTreeMap;

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256,
    },
};
use serde_cbor_2::Value as Cbor;
use serde_json::{Value, json};

use crate::base64url;

pub(super) const UP: u8 = 0x01;
pub(super) const UV: u8 = 0x04;
pub(super) const BE: u8 = 0x08;
pub(super) const BS: u8 = 0x10;

pub(super) enum Key {
    Ec(i128, EcdsaKeyPair),
    Rsa(rsa::KeyPair),
}

/// What the attestation object says.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Statement {
    None,
    NoneButFilled,
    SelfSigned,
    WronglySelfSigned,
    Unknown,
}

pub(super) struct Device {
    pub(super) key: Key,
    pub(super) id: Vec<u8>,
    pub(super) handle: Vec<u8>,
    pub(super) flags: u8,
    pub(super) counter: u32,
    pub(super) aaguid: [u8; 16],
    pub(super) statement: Statement,
    pub(super) rp_id: String,
    pub(super) origin: String,
    pub(super) cross_origin: Option<bool>,
    pub(super) top_origin: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
}

impl Device {
    pub(super) fn new(algorithm: i128) -> Self {
        let key = match algorithm {
            -7 => Key::Ec(-7, EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            -35 => Key::Ec(-35, EcdsaKeyPair::generate(&ECDSA_P384_SHA384_ASN1_SIGNING).unwrap()),
            -257 => Key::Rsa(rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap()),
            other => panic!("no key for {other}"),
        };
        Self {
            key,
            id: (0..32).collect(),
            handle: Vec::new(),
            flags: UP | UV,
            counter: 1,
            aaguid: [0; 16],
            statement: Statement::None,
            rp_id: "fern.test".into(),
            origin: "https://auth.fern.test".into(),
            cross_origin: None,
            top_origin: None,
            kind: None,
        }
    }

    /// `navigator.credentials.create`
    pub(super) fn create(&mut self, options: &Value) -> Value {
        self.handle = base64url::decode(options["publicKey"]["user"]["id"].as_str().unwrap()).unwrap();
        let data = self.data(0x40, &[&self.aaguid[..], &[0, self.id.len() as u8], &self.id, &self.cose()].concat());
        self.created_with(options, data)
    }

    /// The same around authenticator data from elsewhere.
    pub(super) fn created_with(&self, options: &Value, data: Vec<u8>) -> Value {
        let client_data = self.client_data("webauthn.create", options);
        let text = |text: &str| Cbor::Text(text.into());
        let signature = |of: &[u8]| {
            let statement = [(text("alg"), Cbor::Integer(-7)), (text("sig"), Cbor::Bytes(self.sign(of)))];
            Cbor::Map(BTreeMap::from(statement))
        };
        let signed = [&data[..], digest::digest(&digest::SHA256, &client_data).as_ref()].concat();
        let (format, statement) = match self.statement {
            Statement::None => ("none", Cbor::Map(BTreeMap::new())),
            Statement::NoneButFilled => ("none", signature(&signed)),
            Statement::SelfSigned => ("packed", signature(&signed)),
            Statement::WronglySelfSigned => ("packed", signature(b"something else")),
            Statement::Unknown => ("android-safetynet", Cbor::Map(BTreeMap::new())),
        };
        let object = Cbor::Map(BTreeMap::from([
            (text("fmt"), text(format)),
            (text("attStmt"), statement),
            (text("authData"), Cbor::Bytes(data)),
        ]));
        json!({
            "type": "public-key",
            "id": base64url::encode(&self.id),
            "rawId": base64url::encode(&self.id),
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url::encode(&client_data),
                "attestationObject": base64url::encode(&serde_cbor_2::to_vec(&object).unwrap()),
                "transports": ["internal", "hybrid"],
            },
        })
    }

    /// `navigator.credentials.get`
    pub(super) fn get(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(0, &[]);
        let signed = [&data[..], digest::digest(&digest::SHA256, &client_data).as_ref()].concat();
        json!({
            "type": "public-key",
            "id": base64url::encode(&self.id),
            "rawId": base64url::encode(&self.id),
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": base64url::encode(&client_data),
                "authenticatorData": base64url::encode(&data),
                "signature": base64url::encode(&self.sign(&signed)),
                "userHandle": base64url::encode(&self.handle),
            },
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let mut fields = json!({
            "type": self.kind.unwrap_or(kind),
            "challenge": options["publicKey"]["challenge"],
            "origin": self.origin,
            "other_keys_can_be_added_here": "do not compare clientDataJSON against a template",
        });
        if let Some(cross_origin) = self.cross_origin {
            fields["crossOrigin"] = cross_origin.into();
        }
        if let Some(top_origin) = self.top_origin {
            fields["topOrigin"] = top_origin.into();
        }
        fields.to_string().into_bytes()
    }

    fn data(&self, flags: u8, attested: &[u8]) -> Vec<u8> {
        let rp_id_hash = digest::digest(&digest::SHA256, self.rp_id.as_bytes());
        [rp_id_hash.as_ref(), &[self.flags | flags], &self.counter.to_be_bytes(), attested].concat()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::Ec(_, pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// RFC 9053 §7.1.1, RFC 8230 §4.
    pub(super) fn cose(&self) -> Vec<u8> {
        let pairs = match &self.key {
            Key::Ec(algorithm, pair) => {
                let point = &pair.public_key().as_ref()[1..];
                let (x, y) = point.split_at(point.len() / 2);
                let curve = if *algorithm == -7 { 1 } else { 2 };
                vec![
                    (1, Cbor::Integer(2)),
                    (3, Cbor::Integer(*algorithm)),
                    (-1, Cbor::Integer(curve)),
                    (-2, Cbor::Bytes(x.to_vec())),
                    (-3, Cbor::Bytes(y.to_vec())),
                ]
            }
            Key::Rsa(pair) => {
                // RSAPublicKey (RFC 8017 §A.1.1) of a 2048-bit key: all lengths are known.
                let der = pair.public_key().as_ref();
                vec![
                    (1, Cbor::Integer(3)),
                    (3, Cbor::Integer(-257)),
                    (-1, Cbor::Bytes(der[9..265].to_vec())),
                    (-2, Cbor::Bytes(der[267..].to_vec())),
                ]
            }
        };
        serde_cbor_2::to_vec(&Cbor::Map(
            pairs.into_iter().map(|(label, value)| (Cbor::Integer(label), value)).collect(),
        ))
        .unwrap()
    }
}
