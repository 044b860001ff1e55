//! Durations as upstream's configuration writes them: `1h30m`, `90s`, `1.5h`.

use std::time::Duration;

use serde::Serializer;

/// The longest accepted duration, ten years: times computed with it stay far from any overflow.
pub const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration: one or more pairs of a number (a fraction is allowed) and a unit (`ns us µs ms s m h`), or a bare `0`.
/// The error says what is wrong and what to write.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.starts_with('-') {
        return Err(format!("`{text}` is negative; write a positive duration such as `1h30m`"));
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut nanos: u128 = 0;
    let wrong =
        || format!("`{text}` is not a duration; write numbers with the units h, m, s, ms, us or ns, such as `1h30m`");
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after, |c| !c.is_ascii_digit() && c != '.');
        let Some((_, scale)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(match unit {
                "d" => format!("`{text}`: there is no unit for days; write hours, such as `24h`"),
                "" if !number.is_empty() => {
                    format!("`{text}` has no unit; write one of h, m, s, ms, us or ns, such as `{number}s`")
                }
                _ => wrong(),
            });
        };
        nanos = value(number, u128::from(*scale)).and_then(|n| nanos.checked_add(n)).ok_or_else(wrong)?;
        rest = after;
    }
    let duration = u64::try_from(nanos).map(Duration::from_nanos).unwrap_or(Duration::MAX);
    if duration > LONGEST {
        return Err(format!("`{text}` is too long; the longest is ten years, `87600h`"));
    }
    Ok(duration)
}

fn split(text: &str, of: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !of(c)).unwrap_or(text.len()))
}

/// `number` times `scale`; digits beyond a nanosecond are dropped.
fn value(number: &str, scale: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || number.len() > 30 {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = whole.checked_mul(scale)?;
    let mut unit = scale;
    for digit in fraction.chars() {
        unit /= 10;
        nanos = nanos.checked_add(u128::from(digit.to_digit(10)?).checked_mul(unit)?)?;
    }
    Some(nanos)
}

/// Writes a duration as [`parse`] reads it: `1h30m`, `500ms`, `0s`.
pub fn format(duration: Duration) -> String {
    let mut nanos = duration.as_nanos();
    let mut text = String::new();
    for (unit, scale) in UNITS.iter().rev().filter(|(unit, _)| !unit.starts_with(['µ', 'μ'])) {
        let count = nanos / u128::from(*scale);
        nanos %= u128::from(*scale);
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    if text.is_empty() { "0s".into() } else { text }
}

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

pub(crate) fn serialize_option<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => serialize(duration, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read_as_upstream_reads_them() {
        for (text, nanos) in [
            ("0", 0),
            ("0m", 0),
            ("300ms", 300_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("2.s", 2_000_000_000),
            ("+10s", 10_000_000_000),
            ("1us", 1_000),
            ("1µs", 1_000),
            ("1μs", 1_000),
            ("720h", 2_592_000_000_000_000),
            ("1m1m", 120_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_what_to_write() {
        for (text, part) in [
            ("", "is not a duration"),
            ("h", "is not a duration"),
            (".h", "is not a duration"),
            ("1.2.3h", "is not a duration"),
            ("1 h", "is not a duration"),
            ("1y", "is not a duration"),
            ("-1h", "negative"),
            ("90", "write one of h, m, s, ms, us or ns, such as `90s`"),
            ("1h30", "has no unit"),
            ("30d", "no unit for days"),
            ("87601h", "too long"),
            ("99999999999999999999999999999h", "is not a duration"),
            ("9999999999999999999999h", "too long"),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    proptest! {
        #[test]
        fn a_formatted_duration_reads_back(nanos in 0..LONGEST.as_nanos() as u64) {
            let duration = Duration::from_nanos(nanos);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".{0,24}") {
            let _ = parse(&text);
        }
    }
}
