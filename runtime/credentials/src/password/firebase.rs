//! Firebase's variant of scrypt, where passwords were imported from it (`spec/flow-login-registration.md` §4.5):
//! `$fbscrypt$v=1,n=<memory cost>,r=<rounds>,p=<parallelism>[,ss=<salt separator>],sk=<signer key>$<salt>$<hash>`.

use aws_lc_rs::{
    cipher::{AES_256, AES_256_KEY_LEN, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use hanko_domain::secret::constant_time_eq;
use scrypt::Params;
use zeroize::Zeroizing;

use super::HashError;

pub(super) const PREFIX: &str = "$fbscrypt$";

/// An imported hash may take as much memory as any other, and four times the time of that.
const MOST_MEMORY: u64 = 64 << 20;
const MOST_LANES: u32 = 4;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A stored hash with its parameters.
pub(super) struct FirebaseHash {
    params: Params,
    /// Of the user, then of the project.
    salt: Vec<u8>,
    signer_key: Vec<u8>,
    hash: Vec<u8>,
}

impl FirebaseHash {
    pub(super) fn parse(text: &str) -> Result<Self, HashError> {
        Self::read(text).ok_or(HashError::UnknownFormat)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(PREFIX)?.split('$');
        let (settings, salt, hash) = (parts.next()?, bytes(parts.next()?)?, bytes(parts.next()?)?);
        if parts.next().is_some() {
            return None;
        }
        let text = |name: &str| {
            let named = settings.split(',').filter_map(|setting| setting.split_once('='));
            named.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let number = |name| text(name)?.parse().ok();
        if text("v")? != "1" {
            return None;
        }
        let separator = text("ss").map_or(Some(Vec::new()), bytes)?;
        let signer_key = bytes(text("sk")?)?;
        // An empty key would fit an empty hash whatever the password.
        (!signer_key.is_empty() && hash.len() == signer_key.len()).then_some(())?;
        let params = params(number("n")?, number("r")?, number("p")?)?;
        Some(Self { params, salt: [salt, separator].concat(), signer_key, hash })
    }

    /// The password gives a key, and with it the project's signer key is encrypted. Each key encrypts one text only, so that a
    /// zero counter is safe.
    pub(super) fn fits(&self, password: &str) -> Result<bool, HashError> {
        let mut key = Zeroizing::new([0; AES_256_KEY_LEN]);
        scrypt::scrypt(password.as_bytes(), &self.salt, &self.params, key.as_mut_slice())
            .map_err(|_| HashError::UnknownFormat)?;
        let mut encrypted = self.signer_key.clone();
        let zero = EncryptionContext::Iv128(FixedLength::from([0; 16]));
        UnboundCipherKey::new(&AES_256, key.as_slice())
            .and_then(EncryptingKey::ctr)
            .and_then(|key| key.less_safe_encrypt(&mut encrypted, zero))
            .map_err(|_| HashError::UnknownFormat)?;
        Ok(constant_time_eq(&encrypted, &self.hash))
    }
}

/// `None` if it is no scrypt, or so expensive that a few logins would starve the process.
fn params(log_n: u32, r: u32, p: u32) -> Option<Params> {
    let memory = 1_u64.checked_shl(log_n)?.checked_mul(128)?.checked_mul(u64::from(r))?;
    let sound = log_n >= 1 && r >= 1 && (1..=MOST_LANES).contains(&p) && memory <= MOST_MEMORY;
    Params::new(u8::try_from(log_n).ok().filter(|_| sound)?, r, p).ok()
}

/// Exports are in both alphabets, with and without padding (FC-42).
fn bytes(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace('-', "+").replace('_', "/")).ok()
}
