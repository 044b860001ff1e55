//! A project's branding as layouts and templates see it.

use hanko_model::project::{Branding, Colors};
use minijinja::{Error, ErrorKind, HtmlEscape, Value, context};

use super::look::{Look, Part};

/// `branding.*` of `spec/email.md` §13.3: what was set, words in one language.
pub(super) fn branding(look: &Look, language: &str) -> Value {
    let Branding { logo, colors, dark, font_family, corner_radius, footer, support } = look.branding();
    let palette = |colors: &Colors| {
        let Colors { background, card, text, muted, accent } = *colors;
        let [background, card, text, muted, accent] =
            [background, card, text, muted, accent].map(|color| color.to_string());
        context! { background, card, text, muted, accent }
    };
    let logo = logo
        .as_ref()
        .map(|logo| context! { url => logo.url.as_str(), alt => logo.alt.as_deref().unwrap_or_default(), width => logo.width });
    let links: Vec<Value> = footer
        .links
        .iter()
        .map(|link| context! { label => look.words(&link.label, language), url => link.url.as_str() })
        .collect();
    context! {
        logo, font_family, corner_radius,
        colors => palette(colors),
        dark => palette(dark),
        footer => context! { text => look.words(&footer.text, language), links },
        support => context! { email => support.email.as_deref(), url => support.url.as_ref().map(|url| url.as_str()) },
    }
}

/// Colours between those that were set: lines, and what stands behind a code.
pub(super) fn shades(branding: &Branding) -> Value {
    let shades = |colors: &Colors| {
        let Colors { card, text, accent, .. } = *colors;
        let on_accent = if accent.is_light() { "#000000" } else { "#ffffff" };
        context! { line => card.with(12, text).to_string(), code => card.with(7, accent).to_string(), on_accent }
    };
    context! { light => shades(&branding.colors), dark => shades(&branding.dark), small_radius => small_radius(branding) }
}

/// Things within the card are less round than the card.
fn small_radius(branding: &Branding) -> u16 {
    branding.corner_radius * 2 / 3
}

/// `code_block(code)`: the code, large and by itself.
pub(super) fn code_block(branding: &Branding, part: Part) -> Value {
    let Colors { card, accent, .. } = branding.colors;
    let (behind, radius) = (card.with(7, accent), small_radius(branding));
    Value::from_function(move |code: &str| match part {
        Part::Html => Value::from_safe_string(format!(
            "<div class=\"code\" style=\"margin: 24px 0; padding: 18px 12px; background: {behind}; border-radius: {radius}px; \
             color: {accent}; font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 34px; \
             line-height: 42px; font-weight: 600; letter-spacing: 8px; text-indent: 8px; text-align: center; \
             white-space: nowrap;\">{}</div>",
            HtmlEscape(code)
        )),
        _ => Value::from(code),
    })
}

/// `button(label, url)`: a link that looks like a button; in text, `label <url>`.
pub(super) fn button(branding: &Branding, part: Part) -> Value {
    let accent = branding.colors.accent;
    let (on_accent, radius) = (if accent.is_light() { "#000000" } else { "#ffffff" }, small_radius(branding));
    Value::from_function(move |label: &str, url: &str| {
        if !url.starts_with("https://") && !url.starts_with("mailto:") {
            let message =
                format!("a button cannot lead to `{url}`; write an address that begins with https: or mailto:");
            return Err(Error::new(ErrorKind::InvalidOperation, message));
        }
        Ok(match part {
            Part::Html => Value::from_safe_string(format!(
                "<p style=\"margin: 24px 0;\"><a class=\"button\" href=\"{}\" style=\"display: inline-block; padding: 12px 22px; \
                 background: {accent}; border-radius: {radius}px; color: {on_accent}; font-size: 16px; line-height: 24px; \
                 font-weight: 600; text-decoration: none;\">{}</a></p>",
                HtmlEscape(url),
                HtmlEscape(label)
            )),
            _ => Value::from(format!("{label} <{url}>")),
        })
    })
}
