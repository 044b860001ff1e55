//! What HTML of a project may hold.
//!
//! Only elements and attributes that are known to be harmless are let through. All of them are read the same way by a tokenizer
//! as by a browser: what switches a browser's parser (`svg`, `noscript`, `template`, …) is not among them.

use html5gum::{DefaultEmitter, StartTag, Token, Tokenizer};

const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "address",
    "article",
    "b",
    "big",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "i",
    "img",
    "ins",
    "li",
    "main",
    "meta",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "style",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "title",
    "tr",
    "tt",
    "u",
    "ul",
];

const ATTRIBUTES: &[&str] = &[
    "align",
    "alt",
    "background",
    "bgcolor",
    "border",
    "cellpadding",
    "cellspacing",
    "charset",
    "class",
    "color",
    "cols",
    "colspan",
    "content",
    "dir",
    "face",
    "height",
    "hidden",
    "href",
    "http-equiv",
    "id",
    "lang",
    "media",
    "name",
    "nowrap",
    "rel",
    "role",
    "rowspan",
    "scope",
    "size",
    "span",
    "src",
    "start",
    "style",
    "summary",
    "target",
    "title",
    "type",
    "valign",
    "width",
    "xml:lang",
    "xmlns",
];

pub(super) fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter).flatten()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Refuses what has no place in a mail (`spec/email.md` §13.5), and says what.
pub(super) fn check(html: &str) -> Result<(), String> {
    check_tokens(html, false)
}

fn check_tokens(html: &str, for_outlook: bool) -> Result<(), String> {
    let mut in_style = false;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                in_style = tag.name.as_slice() == b"style";
                check_tag(&tag, for_outlook)?;
            }
            Token::EndTag(_) => in_style = false,
            Token::String(content) if in_style => check_style(&text(&content))?,
            Token::Comment(comment) if !for_outlook => {
                // Outlook reads what others take for a comment.
                let comment = text(&comment);
                if let Some((_, inner)) = comment.split_once("]>").filter(|_| comment.trim_start().starts_with("[if")) {
                    check_tokens(inner.split("<![endif").next().unwrap_or_default(), true)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_tag(tag: &StartTag<()>, for_outlook: bool) -> Result<(), String> {
    let name = text(&tag.name);
    let outlooks = for_outlook && (name == "xml" || ["v:", "o:", "w:"].iter().any(|prefix| name.starts_with(prefix)));
    if !outlooks && !ELEMENTS.contains(&name.as_str()) {
        return Err(format!("`<{name}>` has no place in a mail; remove it"));
    }
    for (attribute, value) in &tag.attributes {
        let (attribute, value) = (text(attribute), text(value));
        let known = ATTRIBUTES.contains(&attribute.as_str()) || attribute.starts_with("aria-");
        if attribute.starts_with("on") || !(known || outlooks || attribute.starts_with("xmlns:")) {
            return Err(format!("`<{name} {attribute}>` has no place in a mail; remove the attribute"));
        }
        match attribute.as_str() {
            "href" => check_address(&value, &["https:", "mailto:"])?,
            "src" | "background" => check_address(&value, &["https:"])?,
            "style" => check_style(&value)?,
            "http-equiv" if !["content-type", "x-ua-compatible"].contains(&value.to_ascii_lowercase().as_str()) => {
                return Err(format!("`<meta http-equiv=\"{value}\">` has no place in a mail; remove it"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_address(address: &str, schemes: &[&str]) -> Result<(), String> {
    let start = address.trim().to_ascii_lowercase();
    if schemes.iter().any(|scheme| start.starts_with(scheme)) {
        return Ok(());
    }
    Err(format!("`{address}` cannot stand in a mail; write an address that begins with {}", schemes.join(" or ")))
}

/// A style may load pictures by https and nothing else.
fn check_style(style: &str) -> Result<(), String> {
    let style = style.to_ascii_lowercase();
    for forbidden in ["\\", "@import", "expression(", "javascript:", "behavior:", "-moz-binding"] {
        if style.contains(forbidden) {
            return Err(format!("`{forbidden}` has no place in a mail's style; remove it"));
        }
    }
    for address in style.split("url(").skip(1) {
        check_address(address.trim_start_matches([' ', '"', '\'']), &["https:"])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mails_are_made_of_is_let_through() {
        for html in [
            "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>x</title><style>a > b { color: red }</style></head></html>",
            "<a href='https://acme.example/?a=1&amp;b=2' target=_blank style='color: #fff'>x</a> <a href=\"mailto:a@b.example\">y</a>",
            "<img src=https://cdn.acme.example/x.png alt=x width=20><div style=\"background: url('https://a.example/b.png')\">",
            "<!--[if !mso]><!--><p>for all but Outlook</p><!--<![endif]-->",
            "<!-- a comment with <script> in it -->",
            "<!--[if mso]><v:roundrect href=\"https://a.example\" arcsize=\"8%\" fillcolor=\"#000\"><w:anchorlock/></v:roundrect><![endif]-->",
        ] {
            assert_eq!(check(html), Ok(()), "{html}");
        }
    }

    #[test]
    fn what_runs_loads_or_sends_is_refused() {
        for (html, reason) in [
            ("<script>x</script>", "`<script>` has no place"),
            ("<SCRIPT src=x>", "`<script>`"),
            ("<iframe src=https://a.example>", "`<iframe>`"),
            ("<object data=x>", "`<object>`"),
            ("<form action=https://a.example>", "`<form>`"),
            ("<input name=code>", "`<input>`"),
            ("<svg><style><img src=x onerror=y></style></svg>", "`<svg>`"),
            ("<noscript><p title=\"</noscript><img src=x onerror=y>\">", "`<noscript>`"),
            ("<link rel=stylesheet href=https://a.example>", "`<link>`"),
            ("<base href=https://a.example>", "`<base>`"),
            ("<img src=https://a.example onerror=alert(1)>", "`<img onerror>`"),
            ("<p onclick='x'>", "`<p onclick>`"),
            ("<img srcset=x>", "`<img srcset>`"),
            ("<a href=\"javascript:alert(1)\">", "`javascript:alert(1)` cannot stand"),
            ("<a href=\" jav&#x61;script:x\">", "` javascript:x` cannot stand"),
            ("<a href=\"java\nscript:x\">", "`java\nscript:x` cannot stand"),
            ("<a href=/relative>", "`/relative` cannot stand"),
            ("<a href=http://a.example>", "`http://a.example` cannot stand"),
            ("<img src=data:image/png;base64,x>", "`data:image/png;base64,x` cannot stand"),
            ("<img src=cid:x>", "`cid:x` cannot stand"),
            ("<meta http-equiv=refresh content='0;https://a.example'>", "`<meta http-equiv=\"refresh\">`"),
            ("<style>@import 'https://a.example'</style>", "`@import`"),
            ("<style>a { background: URL( \"http://a.example\") }</style>", "`http://a.example\") }` cannot stand"),
            ("<p style='background: u\\72l(x)'>", "`\\` has no place"),
            ("<p style='width: expression(x)'>", "`expression(`"),
            ("<!--[if mso]><script>x</script><![endif]-->", "`<script>`"),
            ("<!--[if gte mso 9]><p onload=x><![endif]-->", "`<p onload>`"),
        ] {
            let refused = check(html).expect_err(html);
            assert!(refused.starts_with(reason), "{html}: {refused}");
        }
    }
}
