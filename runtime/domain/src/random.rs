//! Randomness, always the operating system's generator.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use uuid::Uuid;

use crate::Timestamp;

/// The characters of CSRF tokens and request ids.
pub const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Bits of a UUID v7 that count within its millisecond.
const COUNTER_BITS: u32 = 12;

/// The source of everything that must not be guessed. The only place in the runtime that makes random bytes.
#[derive(Clone, Debug, Default)]
pub struct Random {
    system: SystemRandom,
    /// Millisecond and counter of the newest UUID v7.
    newest: Arc<AtomicU64>,
}

impl Random {
    /// The system's generator.
    pub fn system() -> Self {
        Self::default()
    }

    /// Fills the buffer. A machine without randomness cannot serve a single safe request, so the process ends.
    pub fn fill(&self, buffer: &mut [u8]) {
        if self.system.fill(buffer).is_err() {
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

    /// A UUID that sorts by time (version 7, RFC 9562 §5.7), and after every other one of this source: what happens in one
    /// transaction is told in its order (§6.2 method 1).
    pub fn uuid_v7(&self, now: Timestamp) -> Uuid {
        let milliseconds = u64::try_from(now.0.div_euclid(1_000)).unwrap_or(0);
        let after = |newest: u64| (newest + 1).max(milliseconds << COUNTER_BITS);
        let newest = self.newest.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |newest| Some(after(newest)));
        let value = after(newest.unwrap_or_else(|newest| newest));
        let [_, _, _, _, _, _, high, low] = value.to_be_bytes();
        let [_, _, random @ ..] = self.bytes::<10>();
        let [a, b, c, d, e, f, g, h] = random;
        let tail = [high, low, a, b, c, d, e, f, g, h];
        uuid::Builder::from_unix_timestamp_millis(value >> COUNTER_BITS, &tail).into_uuid()
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
        assert_eq!(later.get_timestamp().unwrap().to_unix(), (2, 0));
    }

    #[test]
    fn ordered_ids_of_one_moment_sort_as_they_were_made_and_so_do_those_of_a_clock_set_back() {
        let random = Random::system();
        let ids: Vec<_> =
            (0..10_000).map(|n| random.uuid_v7(Timestamp::from_seconds(if n < 9_000 { 9 } else { 8 }))).collect();
        assert!(ids.is_sorted());
    }
}
