//! From a text to a path.

use std::borrow::Cow;

use serde_json::Value;

use super::{Glyph, Operator, Path, Query, Segment, Step, modify};

pub(super) fn path(text: &str) -> Result<Path, String> {
    if text.starts_with("..") {
        return Err("starts with `..`, but metadata is no list of lines; leave the dots out".to_owned());
    }
    let (mut segments, mut rest, mut barred) = (Vec::new(), text, false);
    loop {
        let (step, behind) = step(rest)?;
        segments.push(Segment { barred, step });
        let mut characters = behind.chars();
        match characters.next() {
            None => return Ok(Path(segments)),
            Some('.') => barred = false,
            Some('|') => barred = true,
            Some(_) => return Err("has something behind a closing bracket; go on with `.` or `|` there".to_owned()),
        }
        rest = characters.as_str();
    }
}

/// The first step and what is behind it.
fn step(text: &str) -> Result<(Step, &str), String> {
    if let Some(query) = text.strip_prefix("#(") {
        let (inner, behind) = until_closed(query, ')')?;
        let query = self::query(inner)?;
        return Ok(match behind.strip_prefix('#') {
            Some(behind) => (Step::Query { query, all: true }, behind),
            None => (Step::Query { query, all: false }, behind),
        });
    }
    if let Some(rest) = text.strip_prefix(['[', '{']) {
        let named = text.starts_with('{');
        let (inner, behind) = until_closed(rest, if named { '}' } else { ']' })?;
        return Ok((Step::Several { paths: several(inner)?, named }, behind));
    }
    if let Some(found) = text.strip_prefix('@').map(modifier).transpose()?.flatten() {
        return Ok(found);
    }
    let (glyphs, behind) = key(text);
    Ok(match *glyphs {
        [Glyph::Is('#')] if text.starts_with('#') => (Step::Each, behind),
        _ => (Step::Key(glyphs), behind),
    })
}

fn key(text: &str) -> (Vec<Glyph>, &str) {
    let mut glyphs = Vec::new();
    let mut characters = text.chars();
    loop {
        let before = characters.as_str();
        match characters.next() {
            None | Some('.' | '|') => return (glyphs, before),
            Some('*') if glyphs.last() == Some(&Glyph::Any) => {}
            Some('*') => glyphs.push(Glyph::Any),
            Some('?') => glyphs.push(Glyph::One),
            Some('\\') => glyphs.extend(characters.next().map(Glyph::Is)),
            Some(character) => glyphs.push(Glyph::Is(character)),
        }
    }
}

/// A name that no modifier has is a key.
fn modifier(text: &str) -> Result<Option<(Step, &str)>, String> {
    let end = text.find(['.', '|', ':']).unwrap_or(text.len());
    let (name, behind) = text.split_at(end);
    let Some(name) = modify::NAMES.into_iter().find(|known| *known == name) else { return Ok(None) };
    let Some(argument) = behind.strip_prefix(':') else {
        return Ok(Some((Step::Modifier { name, argument: Value::Null }, behind)));
    };
    let (argument, behind) = match argument.chars().next() {
        Some('{') => {
            let (_, behind) = until_closed(argument.get(1..).unwrap_or_default(), '}')?;
            argument.split_at(argument.len() - behind.len())
        }
        _ => argument.split_at(argument.find(['.', '|']).unwrap_or(argument.len())),
    };
    let argument = serde_json::from_str(argument)
        .map_err(|_| "has a modifier with something other than JSON behind its colon".to_owned())?;
    Ok(Some((Step::Modifier { name, argument }, behind)))
}

/// What is in front of the closing bracket, and what behind it.
fn until_closed(text: &str, closing: char) -> Result<(&str, &str), String> {
    let mut scan = Scan::default();
    for (at, character) in text.char_indices() {
        if scan.is_open() && character == closing {
            return Ok((text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()));
        }
        scan.pass(character);
    }
    Err(format!("has a bracket that is never closed; write its `{closing}`"))
}

/// Knows what is between quotes or inner brackets.
#[derive(Default)]
struct Scan {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Scan {
    /// The next character stands for itself.
    fn is_open(&self) -> bool {
        self.depth == 0 && !self.quoted && !self.escaped
    }

    fn pass(&mut self, character: char) {
        match character {
            _ if self.escaped => self.escaped = false,
            '\\' => self.escaped = true,
            '"' => self.quoted = !self.quoted,
            '(' | '[' | '{' if !self.quoted => self.depth += 1,
            ')' | ']' | '}' if !self.quoted => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

fn several(text: &str) -> Result<Vec<(String, Path)>, String> {
    let (mut paths, mut scan, mut start, mut colon) = (Vec::new(), Scan::default(), 0, None);
    for (at, character) in text.char_indices().chain([(text.len(), ',')]) {
        let is_end = at == text.len();
        if is_end || (scan.is_open() && character == ',') {
            let name = colon.take().map(|colon| text.get(start..colon).unwrap_or_default());
            let from = name.map_or(start, |name| start + name.len() + 1);
            let source = text.get(from..at).unwrap_or_default();
            if !source.is_empty() {
                let name = name.map_or(Cow::Borrowed(last_name(source)), unquoted);
                paths.push((name.into_owned(), path(source)?));
            }
            start = at + 1;
        }
        // The colon of a modifier is its own.
        if scan.is_open()
            && character == ':'
            && colon.is_none()
            && !text.get(start..).unwrap_or_default().starts_with('@')
        {
            colon = Some(at);
        }
        scan.pass(character);
    }
    Ok(paths)
}

/// The name of a value that is not given one.
fn last_name(path: &str) -> &str {
    let name = path.rsplit(['.', '|']).next().unwrap_or(path);
    if name.contains(['[', ']', '{', '}', '(', ')', '#', '|']) { "_" } else { name }
}

fn unquoted(text: &str) -> Cow<'_, str> {
    serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

fn query(text: &str) -> Result<Query, String> {
    let text = text.trim();
    let mut scan = Scan::default();
    for (at, character) in text.char_indices() {
        if scan.is_open() && matches!(character, '=' | '!' | '<' | '>' | '%') {
            let (of, rest) = text.split_at(at);
            let (operator, value) = operator(rest)?;
            let of = Some(of.trim()).filter(|of| !of.is_empty()).map(path).transpose()?;
            return Ok(Query { of, test: Some((operator, unquoted(value.trim()).into_owned())) });
        }
        scan.pass(character);
    }
    Ok(Query { of: Some(path(text)?), test: None })
}

fn operator(text: &str) -> Result<(Operator, &str), String> {
    // Longer ones first.
    let operators = [
        ("==", Operator::Is),
        ("!=", Operator::IsNot),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("!%", Operator::Unlike),
        ("=", Operator::Is),
        ("<", Operator::Less),
        (">", Operator::More),
        ("%", Operator::Like),
    ];
    let found = operators.iter().find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)));
    found.ok_or_else(|| "compares with `!`; write one of = != < <= > >= % !%".to_owned())
}

/// The pattern of a `%`.
pub(super) fn pattern(text: &str) -> Vec<Glyph> {
    let mut glyphs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, behind) = key(rest);
        glyphs.extend(part);
        let mut characters = behind.chars();
        glyphs.extend(characters.next().map(Glyph::Is));
        rest = characters.as_str();
    }
    glyphs
}
