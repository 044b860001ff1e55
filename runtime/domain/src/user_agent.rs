//! A browser's name as people know it (`spec/sessions-and-public-rest.md` §6.6). For reading only: anybody can send any text.

/// What is looked at of a text; real ones have less than half of it.
const LONGEST: usize = 512;

/// `<system> (<program>)`, as in `macOS (Chrome)`. Both may be empty. Never longer than what was sent and a few names.
pub fn readable(raw: &str) -> String {
    let raw = raw.get(..raw.floor_char_boundary(LONGEST)).unwrap_or_default().trim();
    let tokens = Tokens::of(raw);
    let (os, name) = tokens.os_and_name(raw);
    format!("{os} ({name})")
}

/// Systems by the first token that is there.
const SYSTEMS: [(&str, &str); 11] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Windows NT", "Windows"),
    ("Windows Phone OS", "Windows Phone"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
    ("CrOS", "ChromeOS"),
    ("BlackBerry", "BlackBerry"),
    ("OpenHarmony", "Harmony"),
];

/// Programs by the first token that is there. The name of a crawler stands alone.
const CRAWLERS: [&str; 3] = ["Googlebot", "Bytespider", "Applebot"];
const PROGRAMS: [(&str, &str); 32] = [
    ("Opera Mini", "Opera Mini"),
    ("OPR", "Opera"),
    ("OPT", "Opera Touch"),
    ("OPiOS", "Opera"),
    ("CriOS", "Chrome"),
    ("FxiOS", "Firefox"),
    ("Firefox", "Firefox"),
    ("Vivaldi", "Vivaldi"),
    ("MSIE", "Internet Explorer"),
    ("EdgiOS", "Edge"),
    ("Edge", "Edge"),
    ("Edg", "Edge"),
    ("EdgA", "Edge"),
    ("bingbot", "Bingbot"),
    ("YandexBot", "YandexBot"),
    ("YandexAdNet", "YandexAdNet"),
    (SAMSUNG, "Samsung Browser"),
    ("HeadlessChrome", "Headless Chrome"),
    ("AdsBot-Google-Mobile", "Google Ads Bot"),
    ("Mediapartners-Google", "Google Ads Bot"),
    ("AdsBot-Google", "Google Ads Bot"),
    ("XiaoMi", "Miui Browser"),
    ("FBAN", "Facebook App"),
    ("FB_IAB", "Facebook App"),
    (INSTAGRAM, "Instagram App"),
    ("BytedanceWebview", "TikTok App"),
    ("HuaweiBrowser", "Huawei Browser"),
    ("BlackBerry", "BlackBerry"),
    ("NetFront", "NetFront"),
    (OTHER_CHROMIUM, ""),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
];
const SAMSUNG: &str = "SamsungBrowser";
/// Any token that starts so.
const INSTAGRAM: &str = "Instagram";
/// Stands for a browser that calls itself Chrome and Safari, and then by its own name.
const OTHER_CHROMIUM: &str = "";

/// Tokens that name no program.
const COMMON: [&str; 17] = [
    "Chrome",
    "Firefox",
    "Safari",
    "Version",
    "Mobile",
    "Mobile Safari",
    "Mozilla",
    "AppleWebKit",
    "Windows NT",
    "Windows Phone OS",
    "Android",
    "Macintosh",
    "Linux",
    "GSA",
    "CrOS",
    "Tablet",
    "OpenHarmony",
];

/// Tokens whose version follows after a blank rather than a slash.
const WITH_BLANK: [&str; 7] = ["Linux", "Windows NT", "Windows Phone OS", "MSIE", "Android", "OpenHarmony", "CrOS"];

/// Names with what stands behind their slash or blank.
struct Tokens<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tokens<'a> {
    fn of(raw: &'a str) -> Self {
        let mut tokens = Vec::new();
        for part in raw.split([';', '(', ')', '[', ']']) {
            let mut rest = part.trim_matches([' ', ',']);
            // A blank ends a token only behind its version: `Mobile Safari/537.36 Edg/126`.
            while let Some((key, behind)) = rest.split_once('/') {
                let (version, next) = behind.split_once(' ').unwrap_or((behind, ""));
                tokens.push((key.trim(), version));
                rest = next.trim_start();
            }
            let split = WITH_BLANK.iter().find_map(|key| {
                let version = rest.strip_prefix(key)?.strip_prefix(' ')?;
                Some((*key, version))
            });
            tokens.push(split.unwrap_or((rest, "")));
        }
        tokens.retain(|(key, _)| !key.is_empty());
        Self(tokens)
    }

    fn has(&self, key: &str) -> bool {
        self.0.iter().any(|(token, _)| *token == key)
    }

    /// The first token that may be a program's name.
    fn other(&self, with_version: bool) -> Option<&'a str> {
        let named = |(key, version): &&(&str, &str)| {
            let is_name = !COMMON.contains(key) && !key.starts_with(|first: char| first.is_ascii_digit());
            is_name && (!with_version || !version.is_empty())
        };
        self.0.iter().find(named).map(|(key, _)| *key)
    }

    fn os_and_name(&self, raw: &'a str) -> (&'a str, &'a str) {
        if let Some(crawler) = CRAWLERS.into_iter().find(|crawler| self.has(crawler)) {
            return ("", crawler);
        }
        let os = SYSTEMS.iter().find(|(key, _)| self.has(key)).map_or("", |(_, os)| *os);
        let program = PROGRAMS.iter().find_map(|(key, name)| match *key {
            OTHER_CHROMIUM if self.has("Chrome") && self.has("Safari") => self.other(true).map(|name| (os, name)),
            OTHER_CHROMIUM => None,
            INSTAGRAM => self.0.iter().any(|(token, _)| token.starts_with(INSTAGRAM)).then_some((os, *name)),
            SAMSUNG => self.has(SAMSUNG).then_some(("Android", *name)),
            key => self.has(key).then_some((os, *name)),
        });
        program.unwrap_or_else(|| match os {
            "Android" if self.has("Version") => (os, "Android browser"),
            _ => (os, self.other(true).or_else(|| self.other(false)).unwrap_or(raw)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";

    #[test]
    fn browsers_are_called_what_people_call_them() {
        for (raw, text) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", "Windows (Firefox)"),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) W Chrome/126.0.0.0 Safari/537.36", "macOS (Chrome)"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) W Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
                "Windows (Edge)",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) W Version/17.5 Mobile/15E148 Safari/604.1",
                "iOS (Safari)",
            ),
            ("Mozilla/5.0 (Linux; Android 14; Pixel 8) W Chrome/126.0.0.0 Mobile Safari/537.36", "Android (Chrome)"),
            ("curl/8.5.0", " (curl)"),
            ("", " ()"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) W CriOS/126.0 Mobile/15E148", "iOS (Chrome)"),
            ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) W Chrome/126.0.0.0 Safari/537.36", "ChromeOS (Chrome)"),
            ("Mozilla/5.0 (X11; Linux x86_64) W Chrome/126.0.0.0 Safari/537.36 OPR/112.0", "Linux (Opera)"),
            ("Mozilla/5.0 (X11; Linux x86_64) W Chrome/126.0.0.0 Safari/537.36 YaBrowser/24.6", "Linux (YaBrowser)"),
            ("Mozilla/5.0 (Linux; Tizen 2.3) W SamsungBrowser/25.0 Safari/537.36", "Android (Samsung Browser)"),
            ("Mozilla/5.0 (Linux; U; Android 4.0.3) W Version/4.0 Mobile", "Android (Android browser)"),
            ("Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1)", "Windows (Internet Explorer)"),
            ("Mozilla/5.0 (Linux; Android 6.0.1) W (compatible; Googlebot/2.1; +http://x.test)", " (Googlebot)"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5) W Mobile/15E148 Instagram 330.0 (iPhone)",
                "iOS (Instagram App)",
            ),
            ("PostmanRuntime/7.39.0", " (PostmanRuntime)"),
            ("my own script", " (my own script)"),
            ("Mozilla/5.0", " (Mozilla/5.0)"),
        ] {
            assert_eq!(readable(&raw.replace(" W ", &format!(" {WEBKIT} "))), text, "{raw}");
        }
    }

    #[test]
    fn any_text_is_read_and_the_answer_stays_short() {
        for raw in [
            "((((((((".repeat(10_000),
            "a/".repeat(50_000),
            "ü€😀/1 ".repeat(10_000),
            "/ / //;;;)))(((".to_owned(),
            "\0\u{202e}\n".to_owned(),
            format!("{}é", "x".repeat(LONGEST - 1)),
        ] {
            assert!(readable(&raw).len() < LONGEST + 50, "{raw:.40}");
        }
    }
}
