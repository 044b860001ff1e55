//! Which of our languages suits a reader (`spec/email.md` §7).

/// Longer lists are not read to their end; nobody speaks so many languages.
const READ: usize = 32;

/// The best of `available` for `X-Language`: a tag (RFC 5646), or a whole `Accept-Language` list with quality values.
/// An exact match comes first, then the same language of another region (`pt` → `pt-BR`, `de-AT` → `de`). What cannot be
/// read, or suits nothing, is `None`.
pub(super) fn best(wanted: &str, available: &[&'static str]) -> Option<&'static str> {
    let mut wishes: Vec<(u16, &str)> = wanted.split(',').take(READ).filter_map(wish).collect();
    wishes.sort_by_key(|(quality, _)| std::cmp::Reverse(*quality));
    let nearest = wishes.iter().find_map(|(_, tag)| {
        let exact = available.iter().find(|candidate| candidate.eq_ignore_ascii_case(tag));
        exact.or_else(|| available.iter().find(|candidate| primary(candidate).eq_ignore_ascii_case(primary(tag))))
    });
    nearest.copied()
}

/// One entry of the list, with its quality in thousandths; `None` when it is refused (`q=0`) or no tag at all.
fn wish(entry: &str) -> Option<(u16, &str)> {
    let mut parts = entry.split(';');
    let tag = parts.next()?.trim();
    let quality = parts.find_map(|part| part.trim().strip_prefix("q=")?.trim().parse::<f32>().ok()).unwrap_or(1.0);
    let well_formed = tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    // `as` saturates: a quality that is no number between 0 and 1 still sorts somewhere.
    (well_formed && quality > 0.0).then_some(((quality.min(1.0) * 1000.0) as u16, tag))
}

fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[&str] = &hanko_model::project::LANGUAGES;

    #[test]
    fn a_reader_gets_the_nearest_language_and_english_otherwise() {
        for (wanted, expected) in [
            ("en", "en"),
            ("de", "de"),
            ("DE", "de"),
            ("de-AT", "de"),
            ("de_CH", "de"),
            ("zh", "zh-CN"),
            ("zh-TW", "zh-CN"),
            ("zh-Hans-CN", "zh-CN"),
            ("pt", "pt-BR"),
            ("pt-PT", "pt-BR"),
            ("pt-br", "pt-BR"),
            ("pl", "pl"),
            ("bn-IN", "bn"),
            ("tlh", "en"),
            ("undefined", "en"),
            ("", "en"),
            ("*", "en"),
            (";;;,,,q=", "en"),
            ("de\r\nBcc: x", "en"),
            ("ж", "en"),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
            ("sv, de;q=0.5, it;q=0.9", "it"),
            ("de;q=0.3,nl;q=0.4", "nl"),
            ("de;q=0, nl;q=0.1", "nl"),
            ("de;q=0", "en"),
            ("nl;q=nonsense", "nl"),
        ] {
            assert_eq!(best(wanted, ALL).unwrap_or("en"), expected, "{wanted:?}");
        }
    }

    #[test]
    fn a_language_that_is_not_offered_is_no_candidate() {
        assert_eq!(best("fr, de;q=0.5", &["en", "de"]), Some("de"));
        assert_eq!(best("fr", &["en", "de"]), None);
    }

    #[test]
    fn five_kilobytes_of_garbage_suit_nothing() {
        assert_eq!(best(&"x-;,q=".repeat(900), ALL), None);
        assert_eq!(best(&"a".repeat(5000), ALL), None);
    }
}
