//! How mails look and what they say (`spec/email.md` §13).

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Look and wording of mails. Left out, they are neutral and say our words.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailTemplatesSpec {
    /// The language of readers whose own one is not offered: en, bn, de, fr, it, nl, pl, pt-BR or zh-CN. Default: `en`, or the
    /// first of `languages` without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 16))]
    pub default_language: Option<String>,
    /// The languages offered. Default: all nine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), inner(length(max = 16)), extend("x-kubernetes-list-type" = "set"))]
    pub languages: Vec<String>,
    /// Logo, colours and footer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branding: Option<BrandingSpec>,
    /// Single texts in other words: by language, then by name of the text, such as `login.subject`. Values stand as `{ $code }`
    /// (Project Fluent).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend(
        "maxProperties" = 16,
        "additionalProperties" = {"type": "object", "maxProperties": 128, "additionalProperties": {"type": "string", "maxLength": 4096}}
    ))]
    pub texts: BTreeMap<String, BTreeMap<String, String>>,
    /// Whole mails: by mail, such as `login`, then by language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 32))]
    pub templates: BTreeMap<String, MailTemplateLanguages>,
}

/// The templates of a mail by language.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(transparent)]
#[schemars(extend("maxProperties" = 16))]
pub struct MailTemplateLanguages(pub BTreeMap<String, MailTemplateSpec>);

/// A mail in one language, in the template language of Jinja. A part that is left out is ours, but for the text of an own HTML:
/// that is taken from the HTML.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MailTemplateSpec {
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub subject: Option<String>,
    /// A whole HTML document, or blocks of the built-in layout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub html: Option<String>,
    /// The part for readers without HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65536))]
    pub text: Option<String>,
}

/// What makes a mail look like its sender.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BrandingSpec {
    /// Stands at the top instead of the service's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo: Option<LogoSpec>,
    /// Colours on a light background, as `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colors: Option<ColorsSpec>,
    /// Colours for readers who prefer dark.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dark: Option<ColorsSpec>,
    /// Fonts as CSS has them, the preferred one first. Default: the system's sans-serif.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub font_family: Option<String>,
    /// Roundness of corners in pixels, 0 to 32. Default: 12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 32))]
    pub corner_radius: Option<u16>,
    /// What stands at the bottom of every mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer: Option<FooterSpec>,
    /// Where help is found; stands at the bottom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<SupportSpec>,
}

/// An image.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogoSpec {
    /// Where it is loaded from, https.
    #[schemars(length(max = 2048))]
    pub url: String,
    /// What it says to those who do not see it. Default: the service's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub alt: Option<String>,
    /// Its width in pixels, 16 to 600. Default: 140.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 16, max = 600))]
    pub width: Option<u16>,
}

/// Colours, each as `#rrggbb`. Default: ours.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ColorsSpec {
    /// Behind everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 7))]
    pub background: Option<String>,
    /// Behind the words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 7))]
    pub card: Option<String>,
    /// The words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 7))]
    pub text: Option<String>,
    /// The footer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 7))]
    pub muted: Option<String>,
    /// Links, buttons and the code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 7))]
    pub accent: Option<String>,
}

/// The bottom of a mail.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FooterSpec {
    /// A line by language, such as the sender's postal address; a language without one gets that of the default language.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 1000}))]
    pub text: BTreeMap<String, String>,
    /// Links, such as an imprint; one for each address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["url"]))]
    pub links: Vec<FooterLinkSpec>,
}

/// A link at the bottom.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FooterLinkSpec {
    /// Its words by language, at least one.
    #[schemars(extend("maxProperties" = 16, "additionalProperties" = {"type": "string", "maxLength": 200}))]
    pub label: BTreeMap<String, String>,
    /// Where it leads, https.
    #[schemars(length(max = 2048))]
    pub url: String,
}

/// Where help is found.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SupportSpec {
    /// A mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub email: Option<String>,
    /// A page, https.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub url: Option<String>,
}
