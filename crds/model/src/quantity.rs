//! Kubernetes quantities (`500m`, `1Gi`, `1e3`), read loosely: enough to refuse what the API server would.

/// The amount a quantity stands for.
pub(crate) fn parse(text: &str) -> Result<f64, String> {
    let wrong = || format!("`{text}` is not a quantity; write a number with a unit, such as `500m`, `64Mi` or `1Gi`");
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let scale = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        "Ei" => 1024f64.powi(6),
        _ => {
            let exponent =
                suffix.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i32>().ok()).ok_or_else(wrong)?;
            10f64.powi(exponent)
        }
    };
    number.parse::<f64>().map(|number| number * scale).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_reads_them() {
        for (text, amount) in [
            ("1", 1.0),
            ("500m", 0.5),
            ("0.5Gi", 536_870_912.0),
            ("1024Mi", 1_073_741_824.0),
            ("1e3", 1000.0),
            ("1E", 1e18),
            ("12E-1", 1.2),
        ] {
            assert!((parse(text).expect(text) - amount).abs() < 1e-9, "{text}");
        }
        for text in ["", "m", "1 Gi", "1GB", "-1", "1.2.3", "one"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
