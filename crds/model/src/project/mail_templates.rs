//! How mails look and what they say, checked as far as that needs no template engine.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use url::Url;

/// The languages there are words in.
pub const LANGUAGES: [&str; 9] = ["en", "bn", "de", "fr", "it", "nl", "pl", "pt-BR", "zh-CN"];

/// The mails there are (`spec/email.md` §2, and ours).
pub const MAILS: [&str; 16] = [
    "login",
    "recovery",
    "email_verification",
    "email_login_attempted",
    "email_registration_attempted",
    "credentials_removed",
    "password_update",
    "primary_email_update",
    "email_create",
    "email_delete",
    "passkey_create",
    "mfa_create",
    "mfa_delete",
    "password_recovery",
    "new_session",
    "password_limit",
];

/// Look and wording of mails.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailTemplates {
    /// The language of readers whose own one is not offered; one of `languages`.
    pub default_language: &'static str,
    /// The languages offered, at least one of [`LANGUAGES`].
    pub languages: Vec<&'static str>,
    /// The look.
    pub branding: Branding,
    /// Single texts in other words, by language and name.
    pub texts: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// Whole mails, by mail (one of [`MAILS`]) and language.
    pub templates: BTreeMap<&'static str, BTreeMap<&'static str, MailTemplate>>,
}

/// A mail in one language; a part that is left out is ours.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailTemplate {
    /// One line.
    pub subject: Option<String>,
    /// The part with HTML.
    pub html: Option<String>,
    /// The part without; left out beside an own `html`, it is taken from there.
    pub text: Option<String>,
}

/// What makes a mail look like its sender.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Branding {
    /// Instead of the service's name.
    pub logo: Option<Logo>,
    /// On a light background.
    pub colors: Colors,
    /// For readers who prefer dark.
    pub dark: Colors,
    /// A list of fonts that can stand in a style.
    pub font_family: String,
    /// In pixels, at most 32.
    pub corner_radius: u16,
    /// The bottom of every mail.
    pub footer: Footer,
    /// Where help is found.
    pub support: Support,
}

/// An image.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Logo {
    /// https.
    pub url: Url,
    /// What it says; `None`: the service's name.
    pub alt: Option<String>,
    /// In pixels, 16 to 600.
    pub width: u16,
}

/// A colour, `#rrggbb`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Color([u8; 3]);

impl Color {
    /// Reads `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let [.., red, green, blue] = u32::from_str_radix(digits, 16).ok()?.to_be_bytes();
        digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(Self([red, green, blue]))
    }

    /// This colour with so many percent of another.
    pub fn with(self, percent: u8, other: Self) -> Self {
        let share = u16::from(percent.min(100));
        let mix = |own: u8, other: u8| (u16::from(own) * (100 - share) + u16::from(other) * share) / 100;
        let ([red, green, blue], [r, g, b]) = (self.0, other.0);
        Self([mix(red, r), mix(green, g), mix(blue, b)].map(|part| u8::try_from(part).unwrap_or(u8::MAX)))
    }

    /// Whether black is easier to read on it than white (WCAG 2.2, relative luminance).
    pub fn is_light(self) -> bool {
        let linear = |byte: u8| {
            let value = f64::from(byte) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Colours of a mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Colors {
    /// Behind everything.
    pub background: Color,
    /// Behind the words.
    pub card: Color,
    /// The words.
    pub text: Color,
    /// The footer.
    pub muted: Color,
    /// Links, buttons and the code.
    pub accent: Color,
}

impl Colors {
    /// Ours on a light background.
    pub const LIGHT: Self = Self {
        background: Color([0xf3, 0xf4, 0xf6]),
        card: Color([0xff, 0xff, 0xff]),
        text: Color([0x1f, 0x24, 0x29]),
        muted: Color([0x62, 0x6b, 0x74]),
        accent: Color([0x1f, 0x24, 0x29]),
    };
    /// Ours on a dark one.
    pub const DARK: Self = Self {
        background: Color([0x11, 0x14, 0x17]),
        card: Color([0x1b, 0x1f, 0x24]),
        text: Color([0xe3, 0xe7, 0xeb]),
        muted: Color([0x98, 0xa2, 0xac]),
        accent: Color([0xff, 0xff, 0xff]),
    };
}

/// The bottom of a mail.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Footer {
    /// A line by language.
    pub text: BTreeMap<&'static str, String>,
    /// Links.
    pub links: Vec<FooterLink>,
}

/// A link at the bottom.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FooterLink {
    /// Its words by language, at least one.
    pub label: BTreeMap<&'static str, String>,
    /// https.
    pub url: Url,
}

/// Where help is found.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Support {
    /// A mail address.
    pub email: Option<String>,
    /// https.
    pub url: Option<Url>,
}

impl Default for Branding {
    fn default() -> Self {
        Self {
            logo: None,
            colors: Colors::LIGHT,
            dark: Colors::DARK,
            font_family: "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif".to_owned(),
            corner_radius: 12,
            footer: Footer::default(),
            support: Support::default(),
        }
    }
}

impl Default for MailTemplates {
    fn default() -> Self {
        Self {
            default_language: LANGUAGES[0],
            languages: LANGUAGES.to_vec(),
            branding: Branding::default(),
            texts: BTreeMap::new(),
            templates: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_is_six_digits_after_a_hash() {
        assert_eq!(Color::parse("#0B5fff").unwrap().to_string(), "#0b5fff");
        for text in ["", "#", "#fff", "0b5fff", "#0b5ffg", "#+b5fff", "#0b5fff0", "red", "#0b5ff;"] {
            assert_eq!(Color::parse(text), None, "{text:?}");
        }
        assert_eq!(Colors::LIGHT.card.with(50, Color([0, 100, 255])).to_string(), "#7fb1ff");
        assert!(Color::parse("#ffffff").unwrap().is_light());
        assert!(!Color::parse("#0b5fff").unwrap().is_light());
    }
}
