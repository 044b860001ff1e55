//! What HTML of a project may hold, and the words in it.
//!
//! Only elements and attributes that are known to be harmless are let through. All of them are read the same way by a tokenizer
//! as by a browser: what switches a browser's parser (`svg`, `noscript`, `template`, …) is not among them.

use html5gum::{DefaultEmitter, HtmlString, Spanned, StartTag, Token, Tokenizer};

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

/// Elements that stand on lines of their own, with an empty line before and after.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "center",
    "div",
    "dl",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "ul",
];

fn tokens(html: &str) -> impl Iterator<Item = Token> {
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    Tokenizer::new_with_emitter(html, emitter).flatten()
}

fn text(bytes: &[u8]) -> String {
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
            Token::Comment(comment) => {
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

/// The words of a document for readers without HTML: links as `label <address>`, the code on a line of its own.
pub(super) fn to_text(html: &str, code: Option<&str>) -> String {
    let mut plain = Plain { code, ..Plain::default() };
    let mut skipped: Option<(HtmlString, usize)> = None;
    for token in tokens(html) {
        if let Some((name, depth)) = &mut skipped {
            match &token {
                Token::StartTag(tag) if tag.name == *name => *depth += 1,
                Token::EndTag(tag) if tag.name == *name => *depth -= 1,
                _ => {}
            }
            if *depth == 0 {
                skipped = None;
            }
            continue;
        }
        match token {
            Token::StartTag(tag) if is_unseen(&tag) => skipped = Some((tag.name, 1)),
            Token::StartTag(tag) => plain.start(&tag),
            Token::EndTag(tag) => plain.end(&text(&tag.name)),
            Token::String(content) => plain.words(&text(&content)),
            _ => {}
        }
    }
    format!("{}\n", plain.text)
}

fn is_unseen(tag: &StartTag<()>) -> bool {
    let style = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
    let hidden = style.contains("display:none") || tag.attributes.contains_key(b"hidden".as_slice());
    matches!(tag.name.as_slice(), b"style" | b"title")
        || (hidden && !matches!(tag.name.as_slice(), b"img" | b"br" | b"hr" | b"meta" | b"col"))
}

fn attribute(tag: &StartTag<()>, name: &str) -> Option<String> {
    tag.attributes.get(name.as_bytes()).map(|value: &Spanned<HtmlString, ()>| text(value))
}

/// What separates two words.
#[derive(Clone, Copy, Default, Eq, Ord, PartialEq, PartialOrd)]
enum Gap {
    #[default]
    None,
    Space,
    Line,
    Paragraph,
}

#[derive(Default)]
struct Plain<'a> {
    code: Option<&'a str>,
    text: String,
    gap: Gap,
    /// Where the present link leads, and where its label begins.
    link: Option<(String, usize)>,
}

impl Plain<'_> {
    fn start(&mut self, tag: &StartTag<()>) {
        let name = text(&tag.name);
        match name.as_str() {
            "br" | "tr" | "dt" | "dd" | "caption" => self.widen(Gap::Line),
            "td" | "th" => self.widen(Gap::Space),
            "li" => {
                self.widen(Gap::Line);
                self.word("-");
                self.widen(Gap::Space);
            }
            "img" => {
                if let Some(alt) = attribute(tag, "alt") {
                    self.words(&alt);
                }
            }
            "a" => self.link = attribute(tag, "href").map(|address| (address, self.text.len())),
            _ if BLOCKS.contains(&name.as_str()) => self.widen(Gap::Paragraph),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "tr" | "li" | "dt" | "dd" | "caption" => self.widen(Gap::Line),
            "td" | "th" => self.widen(Gap::Space),
            "a" => {
                let Some((address, start)) = self.link.take() else { return };
                let shown = address.strip_prefix("mailto:").unwrap_or(&address);
                if !self.text.get(start..).unwrap_or_default().contains(shown) {
                    self.widen(Gap::Space);
                    self.word(&format!("<{address}>"));
                }
            }
            _ if BLOCKS.contains(&name) => self.widen(Gap::Paragraph),
            _ => {}
        }
    }

    fn words(&mut self, text: &str) {
        let is_code = self.code.is_some_and(|code| text.trim() == code);
        if is_code {
            self.widen(Gap::Paragraph);
        }
        if text.starts_with(|c: char| c.is_ascii_whitespace()) {
            self.widen(Gap::Space);
        }
        // A space that must not break is part of its word.
        for word in text.split_ascii_whitespace() {
            self.word(word);
            self.widen(Gap::Space);
        }
        if is_code {
            self.widen(Gap::Paragraph);
        } else if !text.ends_with(|c: char| c.is_ascii_whitespace()) && self.gap == Gap::Space {
            self.gap = Gap::None;
        }
    }

    fn word(&mut self, word: &str) {
        match self.gap {
            _ if self.text.is_empty() => {}
            Gap::None => {}
            Gap::Space => self.text.push(' '),
            Gap::Line => self.text.push('\n'),
            Gap::Paragraph => self.text.push_str("\n\n"),
        }
        self.gap = Gap::None;
        self.text.push_str(word);
    }

    fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }
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

    #[test]
    fn the_words_of_a_document_are_read_in_its_order() {
        let html = "<html><head><title>T</title><style>p { x: y }</style></head><body>\
            <div style=\"display: none\">hidden <div>too</div></div>\
            <table><tr><td><img src=https://a.example alt=Acme></td><td>AG</td></tr></table>\
            <p>Hello   <b>Kim</b>,\n welcome &amp; \u{a0}thanks.</p><p>Your code is <b>482913</b>.</p><ul><li>one<li>two</ul>\
            <p><a href=\"https://acme.example/help\">Help</a><br><a href=mailto:a@b.example>a@b.example</a></p></body></html>";
        let expected = "Acme AG\n\nHello Kim, welcome & \u{a0}thanks.\n\nYour code is\n\n482913\n\n.\n\n- one\n- two\n\n\
            Help <https://acme.example/help>\na@b.example\n";
        assert_eq!(to_text(html, Some("482913")), expected);
    }
}
