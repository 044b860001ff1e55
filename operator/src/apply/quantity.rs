//! Kubernetes quantities by value: the API server stores `0.5Gi` as `512Mi`, and both are the same.

/// The value in thousandths of a millionth (nano); `None`: no quantity, or one beyond any machine.
pub(super) fn nano(text: &str) -> Option<i128> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-')).unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let (factor, below) = scale(suffix)?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(below)?;
    Some(digits.checked_mul(factor)?.checked_mul(1_000_000_000)? / divisor)
}

/// Factor and divisor of a suffix.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    let kilo = |power: u32| Some((1000_i128.checked_pow(power)?, 1));
    let kibi = |power: u32| Some((1024_i128.checked_pow(power)?, 1));
    match suffix {
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1000)),
        "" => Some((1, 1)),
        "k" => kilo(1),
        "M" => kilo(2),
        "G" => kilo(3),
        "T" => kilo(4),
        "P" => kilo(5),
        "E" => kilo(6),
        "Ki" => kibi(1),
        "Mi" => kibi(2),
        "Gi" => kibi(3),
        "Ti" => kibi(4),
        "Pi" => kibi(5),
        "Ei" => kibi(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
            Some(if exponent < 0 { (1, power) } else { (power, 1) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_texts_of_one_value_are_equal() {
        for (a, b) in
            [("0.5Gi", "512Mi"), ("1000m", "1"), ("1024Mi", "1Gi"), ("1e3", "1k"), ("0.1", "100m"), ("5E-1", "500m")]
        {
            assert_eq!(nano(a).unwrap(), nano(b).unwrap(), "{a} {b}");
        }
        assert_ne!(nano("1Gi"), nano("1G"));
    }

    #[test]
    fn other_texts_are_no_quantities() {
        for text in ["", "Gi", "1 Gi", "1Xi", "ten", "9999999999999999999999999999999999Ei"] {
            assert_eq!(nano(text), None, "{text}");
        }
    }
}
