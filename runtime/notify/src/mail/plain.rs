//! HTML in words, for readers without it.

use html5gum::{HtmlString, Spanned, StartTag, Token};

use super::html::{text, tokens};

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

/// The words of a document: links as `label <address>`, the code on a line of its own.
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
    use super::to_text;

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
