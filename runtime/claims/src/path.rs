//! Paths into a user's metadata, as GJSON writes them (`spec/sessions-and-public-rest.md` §4.3).
//!
//! They are written by a project's author and read documents that are partly its users'. So a path is small, looking never goes
//! back over what it has seen, and whatever is copied is paid for with [`Budget`].

mod find;
mod modify;
mod parse;

use serde_json::Value;

use crate::budget::{Budget, Spent};

/// The longest path, in bytes.
const LONGEST: usize = 256;

/// The most brackets, each of which may be inside of the one before.
const MOST_BRACKETS: usize = 16;

/// A path that makes sense.
#[derive(Clone, Debug)]
pub(crate) struct Path(Vec<Segment>);

/// A part of a path, and whether a bar rather than a dot is in front of it: behind a bar, what follows means the whole list.
#[derive(Clone, Debug)]
struct Segment {
    barred: bool,
    step: Step,
}

#[derive(Clone, Debug)]
enum Step {
    /// A member or an element.
    Key(Vec<Glyph>),
    /// `#`: how many, or each.
    Each,
    /// `#(…)` and `#(…)#`.
    Query { query: Query, all: bool },
    /// `@…`, with what is behind its colon.
    Modifier { name: &'static str, argument: Value },
    /// `[…]`, or `{…}` with names.
    Several { paths: Vec<(String, Path)>, named: bool },
}

/// A character of a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Glyph {
    Is(char),
    /// `?`
    One,
    /// `*`
    Any,
}

#[derive(Clone, Debug)]
struct Query {
    /// The element itself if there is none.
    of: Option<Path>,
    /// None asks whether it is there.
    test: Option<(Operator, String)>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Operator {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
    Like,
    Unlike,
}

impl Path {
    /// What is wrong with the text says what to write instead, and repeats nothing of it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("is a path of {} bytes; write at most {LONGEST}", text.len()));
        }
        if text.matches(['(', '[', '{']).count() > MOST_BRACKETS {
            return Err(format!("is a path of more than {MOST_BRACKETS} brackets; write it simpler"));
        }
        parse::path(text)
    }

    /// What it leads to in the document, as text: empty if it leads nowhere.
    pub(crate) fn read(&self, document: &Value, budget: &Budget) -> Result<String, Spent> {
        let found = find::find(document, &self.0, budget)?;
        found.map_or_else(|| Ok(String::new()), |value| text(&value, budget))
    }
}

/// A text is itself, nothing is empty, everything else is its JSON.
pub(crate) fn text(value: &Value, budget: &Budget) -> Result<String, Spent> {
    budget.spend_on(value)?;
    Ok(match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

/// Whether the text looks as the pattern says. Looks at each character at most once per character of the pattern.
fn matches(pattern: &[Glyph], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut from) = (0, 0);
    // Behind the newest `*`, and where it has stopped so far.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let glyph = pattern.get(at);
        match (glyph, text.get(from)) {
            (Some(Glyph::Any), _) => {
                at += 1;
                retry = Some((at, from));
                continue;
            }
            (Some(Glyph::One), Some(_)) => {}
            (Some(Glyph::Is(expected)), Some(found)) if expected == found => {}
            (None, None) => return true,
            (_, found) => match retry {
                Some((behind, stopped)) if found.is_some() || stopped < text.len() => {
                    (at, from) = (behind, stopped + 1);
                    retry = Some((behind, stopped + 1));
                    continue;
                }
                _ => return false,
            },
        }
        at += 1;
        from += 1;
    }
}

#[cfg(test)]
mod tests;
