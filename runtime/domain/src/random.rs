//! Randomness, always the operating system's generator.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use crate::Timestamp;

/// The characters of CSRF tokens and request ids.
pub const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The source of everything that must not be guessed. The only place in the runtime that makes random bytes.
#[derive(Clone, Debug, Default)]
pub struct Random(SystemRandom);

impl Random {
    /// The system's generator.
    pub fn system() -> Self {
        Self(SystemRandom::new())
    }

    /// Fills the buffer. A machine without randomness cannot serve a single safe request, so the process ends.
    pub fn fill(&self, buffer: &mut [u8]) {
        if self.0.fill(buffer).is_err() {
            std::process::abort();
        }
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A random UUID (version 4).
    pub fn uuid_v4(&self) -> Uuid {
        uuid::Builder::from_random_bytes(self.bytes()).into_uuid()
    }

    /// A UUID that sorts by time (version 7, RFC 9562 §5.7).
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(now.0.div_euclid(1_000)).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }

    /// A text of `length` characters drawn evenly from at most 256 ASCII characters.
    pub fn text(&self, alphabet: &[u8], length: usize) -> String {
        // Bytes from the incomplete last run of the alphabet are thrown away, else its first characters came up more often.
        let even = 256 - 256 % alphabet.len().max(1);
        let mut text = String::with_capacity(length);
        while text.len() < length {
            for byte in self.bytes::<64>() {
                let index = usize::from(byte);
                if index < even
                    && text.len() < length
                    && let Some(character) = alphabet.get(index % alphabet.len().max(1))
                {
                    text.push(char::from(*character));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_uses_every_character_of_its_alphabet_about_equally_often() {
        let text = Random::system().text(b"0123456789", 20_000);
        for digit in '0'..='9' {
            let count = text.chars().filter(|c| *c == digit).count();
            assert!((1_700..2_300).contains(&count), "{digit} came up {count} times in 20000");
        }
    }

    #[test]
    fn ids_have_their_version_and_ordered_ones_sort() {
        let random = Random::system();
        assert_eq!(random.uuid_v4().get_version_num(), 4);
        let (earlier, later) = (random.uuid_v7(Timestamp::from_seconds(1)), random.uuid_v7(Timestamp::from_seconds(2)));
        assert_eq!(earlier.get_version_num(), 7);
        assert!(earlier < later);
    }
}
