//! Whether the time of an answer tells if an account exists (`privacy.show_account_existence_hints` off).
//!
//! One client asks for known and unknown accounts in turn, in random order, and only the request in question is timed. The two
//! samples are compared as distributions: with the probability that an answer for a known account takes longer than one for an
//! unknown account (Mann and Whitney; one half if time tells nothing), and with the greatest distance of their distribution
//! functions (Kolmogorov and Smirnov).

use std::time::{Duration, Instant};

use hanko_domain::Random;
use serde_json::{Value, json};

use crate::{
    Error,
    clients::milliseconds,
    flow::{Client, capabilities},
};

/// The bounds within which the probability has to be.
pub(crate) const TARGET: &str = "0.45 to 0.55";

/// Answers that are thrown away first, of each kind.
const WARM_UP: usize = 50;

/// An action whose answer must not tell whether the account exists.
pub(crate) struct Question {
    /// Its row in the table.
    pub(crate) what: &'static str,
    flow: &'static str,
    action: &'static str,
    /// Answers of each kind.
    samples: usize,
}

/// The questions; `samples` answers of each kind where no password is hashed, a tenth of that where one is.
pub(crate) fn questions(samples: usize) -> [Question; 4] {
    let login = |what, action, samples| Question { what, flow: "/login", action, samples };
    [
        login(
            "`continue_with_login_identifier`, known slower than unknown account",
            "continue_with_login_identifier",
            samples,
        ),
        login(
            "`continue_to_passcode_confirmation`, known slower than unknown account",
            "continue_to_passcode_confirmation",
            samples,
        ),
        login("wrong `password_login`, known slower than unknown account", "password_login", samples.div_ceil(10)),
        Question {
            what: "`register_login_identifier`, known slower than unknown account",
            flow: "/registration",
            action: "register_login_identifier",
            samples,
        },
    ]
}

impl Question {
    /// What is done before, and then the action itself.
    fn steps(&self, address: &str) -> Vec<(&'static str, Value)> {
        let identifier = json!({"email": address});
        let mut steps = vec![capabilities()];
        match self.action {
            "continue_with_login_identifier" | "register_login_identifier" => steps.push((self.action, identifier)),
            "password_login" => steps.extend([
                ("continue_with_login_identifier", identifier),
                ("continue_to_password_login", json!({})),
                (self.action, json!({"password": "not the right horse"})),
            ]),
            _ => steps.extend([("continue_with_login_identifier", identifier), (self.action, json!({}))]),
        }
        steps
    }

    /// Asks, and compares. `known` and `unknown` make addresses of equal length from a number below `accounts`.
    pub(crate) async fn ask(
        &self,
        client: &mut Client,
        accounts: usize,
        known: impl Fn(usize) -> String,
        unknown: impl Fn(usize) -> String,
    ) -> Result<Comparison, Error> {
        let random = Random::system();
        let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
        for round in 0..WARM_UP + self.samples {
            let known_first = random.bytes::<1>() < [128];
            let mut answers = Vec::new();
            for is_known in [known_first, !known_first] {
                let number = round % accounts;
                let address = if is_known { known(number) } else { unknown(number) };
                let (time, answer) = self.time(client, &address).await?;
                answers.push(answer);
                if round >= WARM_UP {
                    if is_known { &mut of_known } else { &mut of_unknown }.push(time);
                }
            }
            answers.dedup();
            if answers.len() != 1 {
                return Err(Error::unexpected(format_args!("{} tells known accounts apart: {answers:?}", self.action)));
            }
        }
        Ok(Comparison::of(of_known, of_unknown))
    }

    /// The time of the action, and what a client sees of the answer besides: its status and state.
    async fn time(&self, client: &mut Client, address: &str) -> Result<(Duration, (Value, Value)), Error> {
        let mut steps = self.steps(address);
        let (action, inputs) = steps.pop().ok_or_else(|| Error::unexpected("no action"))?;
        let (_, before) = client.walk(self.flow, &steps).await?;
        let begun = Instant::now();
        let (_, document) = client.act(&before, action, &inputs).await?;
        let time = begun.elapsed();
        let member = |name| document.get(name).cloned().unwrap_or_default();
        Ok((time, (member("status"), member("name"))))
    }
}

/// Two samples beside each other.
#[derive(Debug)]
pub(crate) struct Comparison {
    known: Sample,
    unknown: Sample,
    /// The probability that an answer for a known account is the slower one.
    slower: f64,
    /// How far that probability is off one half in one of twenty runs although time tells nothing.
    noise: f64,
    distance: f64,
}

#[derive(Debug)]
struct Sample {
    median: Duration,
    p90: Duration,
}

impl Comparison {
    fn of(mut known: Vec<Duration>, mut unknown: Vec<Duration>) -> Self {
        known.sort_unstable();
        unknown.sort_unstable();
        let (a, b) = (known.len() as f64, unknown.len() as f64);
        let (mut slower, mut distance) = (0.0, 0.0_f64);
        for time in &known {
            let below = unknown.partition_point(|other| other < time);
            let not_above = unknown.partition_point(|other| other <= time);
            slower += (below + not_above) as f64 / 2.0;
        }
        for time in known.iter().chain(&unknown) {
            let share = |sample: &[Duration]| sample.partition_point(|other| other <= time) as f64;
            distance = distance.max((share(&known) / a - share(&unknown) / b).abs());
        }
        Self {
            known: Sample::of(&known),
            unknown: Sample::of(&unknown),
            slower: slower / (a * b),
            noise: 1.96 * ((a + b + 1.0) / (12.0 * a * b)).sqrt(),
            distance,
        }
    }
}

impl Sample {
    fn of(sorted: &[Duration]) -> Self {
        let at = |percent| sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default();
        Self { median: at(50), p90: at(90) }
    }
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { known, unknown, slower, noise, distance } = self;
        write!(
            f,
            "{slower:.3} (noise ±{noise:.3}), distance {distance:.3}; p50 {} and {}, p90 {} and {}",
            milliseconds(known.median, 2),
            milliseconds(unknown.median, 2),
            milliseconds(known.p90, 2),
            milliseconds(unknown.p90, 2)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(known: &[u64], unknown: &[u64]) -> Comparison {
        let times = |values: &[u64]| values.iter().copied().map(Duration::from_micros).collect();
        Comparison::of(times(known), times(unknown))
    }

    #[test]
    fn equal_samples_tell_nothing() {
        let same = compare(&[3, 1, 2, 2], &[2, 2, 3, 1]);
        assert_eq!((same.slower, same.distance), (0.5, 0.0));
    }

    #[test]
    fn samples_apart_tell_everything_in_either_direction() {
        let (slow, fast) = (compare(&[10, 11], &[1, 2]), compare(&[1, 2], &[10, 11]));
        assert_eq!((slow.slower, slow.distance), (1.0, 1.0));
        assert_eq!((fast.slower, fast.distance), (0.0, 1.0));
    }

    #[test]
    fn a_shift_of_some_answers_is_seen_although_the_medians_agree() {
        let shifted = compare(&[1, 2, 5, 8, 9], &[1, 2, 5, 6, 7]);
        assert_eq!(shifted.known.median, shifted.unknown.median);
        assert!((shifted.slower - 0.58).abs() < 1e-9, "{shifted}");
        assert!((shifted.distance - 0.4).abs() < 1e-9, "{shifted}");
    }

    #[test]
    fn more_answers_make_less_noise() {
        let of = |count| compare(&vec![1; count], &vec![1; count]).noise;
        assert!((of(2_000) - 0.0179).abs() < 0.0001, "{}", of(2_000));
        assert!(of(200) > of(2_000));
    }
}
