//! Follows a path through a document.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

use super::{Glyph, Operator, Query, Segment, Step, matches, modify, parse};
use crate::budget::{Budget, Spent};

type Found<'a> = Result<Option<Cow<'a, Value>>, Spent>;

pub(super) fn find<'a>(value: &'a Value, path: &[Segment], budget: &Budget) -> Found<'a> {
    budget.spend(1)?;
    let Some((Segment { step, .. }, rest)) = path.split_first() else { return Ok(Some(Cow::Borrowed(value))) };
    match (step, value) {
        (Step::Key(key), Value::Object(members)) => member(members, key, rest, budget),
        (Step::Key(key), Value::Array(items)) => {
            let item = literal(key).and_then(|digits| items.get(digits.parse::<usize>().ok()?));
            item.map_or(Ok(None), |item| find(item, rest, budget))
        }
        (Step::Each, Value::Object(members)) => member(members, &[Glyph::Is('#')], rest, budget),
        (Step::Each, Value::Array(items)) if rest.first().is_none_or(|next| next.barred) => {
            owned(Value::Number(Number::from(items.len())), rest, budget)
        }
        (Step::Each, Value::Array(items)) => each(items.iter(), rest, budget),
        (Step::Query { query, all }, Value::Array(items)) => {
            let mut hits = Vec::new();
            for item in items {
                if holds(query, item, budget)? {
                    hits.push(item);
                    if !all {
                        return find(item, rest, budget);
                    }
                }
            }
            if *all { each(hits.into_iter(), rest, budget) } else { Ok(None) }
        }
        (Step::Modifier { name, argument }, value) => {
            budget.spend_on(value)?;
            modify::apply(name, argument, value).map_or(Ok(None), |value| owned(value, rest, budget))
        }
        (Step::Several { paths, named }, value) => {
            let mut found = Vec::new();
            for (name, path) in paths {
                if let Some(value) = find(value, &path.0, budget)? {
                    found.push((name.clone(), copied(value, budget)?));
                }
            }
            let found = if *named {
                Value::Object(found.into_iter().collect())
            } else {
                Value::Array(found.into_iter().map(|(_, value)| value).collect())
            };
            owned(found, rest, budget)
        }
        _ => Ok(None),
    }
}

/// The first member whose name fits and from which the way goes on.
fn member<'a>(members: &'a Map<String, Value>, key: &[Glyph], rest: &[Segment], budget: &Budget) -> Found<'a> {
    if let Some(name) = literal(key) {
        return members.get(&name).map_or(Ok(None), |value| find(value, rest, budget));
    }
    for (name, value) in members {
        budget.spend(name.len() * key.len())?;
        if matches(key, name)
            && let Some(found) = find(value, rest, budget)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn literal(key: &[Glyph]) -> Option<String> {
    key.iter().map(|glyph| if let Glyph::Is(character) = glyph { Some(*character) } else { None }).collect()
}

/// What the rest of the path, up to a bar, finds in each; then on from the list of that.
fn each<'a, 'i>(items: impl Iterator<Item = &'i Value>, rest: &[Segment], budget: &Budget) -> Found<'a> {
    let (inner, rest) = rest.split_at(rest.iter().position(|next| next.barred).unwrap_or(rest.len()));
    let mut found = Vec::new();
    for item in items {
        if let Some(value) = find(item, inner, budget)? {
            found.push(copied(value, budget)?);
        }
    }
    owned(Value::Array(found), rest, budget)
}

fn owned<'a>(value: Value, rest: &[Segment], budget: &Budget) -> Found<'a> {
    if rest.is_empty() {
        return Ok(Some(Cow::Owned(value)));
    }
    Ok(match find(&value, rest, budget)? {
        Some(found) => Some(Cow::Owned(copied(found, budget)?)),
        None => None,
    })
}

fn copied(value: Cow<'_, Value>, budget: &Budget) -> Result<Value, Spent> {
    budget.spend_on(&value)?;
    Ok(value.into_owned())
}

/// Whether the element is one that is asked for.
fn holds(query: &Query, item: &Value, budget: &Budget) -> Result<bool, Spent> {
    let found = match &query.of {
        Some(path) => find(item, &path.0, budget)?,
        None => Some(Cow::Borrowed(item)),
    };
    let Some((operator, expected)) = &query.test else { return Ok(found.is_some()) };
    if let Some(ish) = expected.strip_prefix('~') {
        let Some(is) = roughly(ish, found.as_deref()) else { return Ok(false) };
        return Ok(ordered(*operator, is.cmp(&true)));
    }
    let Some(found) = found else { return Ok(false) };
    Ok(match &*found {
        Value::String(text) if matches!(operator, Operator::Like | Operator::Unlike) => {
            budget.spend(text.len() * expected.len())?;
            matches(&parse::pattern(expected), text) == (*operator == Operator::Like)
        }
        Value::String(text) => ordered(*operator, text.as_str().cmp(expected)),
        Value::Number(number) => {
            let order = number.as_f64().unwrap_or(0.0).partial_cmp(&expected.parse().unwrap_or(f64::NAN));
            order.map_or(*operator == Operator::IsNot, |order| ordered(*operator, order))
        }
        Value::Bool(is) => match (expected.parse::<bool>(), operator) {
            (Ok(expected), operator) => ordered(*operator, is.cmp(&expected)),
            (Err(_), operator) => *operator == Operator::IsNot,
        },
        _ => false,
    })
}

fn ordered(operator: Operator, order: std::cmp::Ordering) -> bool {
    match operator {
        Operator::Is => order.is_eq(),
        Operator::IsNot => order.is_ne(),
        Operator::Less => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::More => order.is_gt(),
        Operator::AtLeast => order.is_ge(),
        Operator::Like | Operator::Unlike => false,
    }
}

/// `~true`, `~false`, `~null` and `~*`: what counts as such.
fn roughly(ish: &str, value: Option<&Value>) -> Option<bool> {
    let said = |wanted: bool| match value {
        None | Some(Value::Null) => !wanted,
        Some(Value::Bool(is)) => *is == wanted,
        Some(Value::Number(number)) => (number.as_f64() != Some(0.0)) == wanted,
        Some(Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "1" | "t" | "true" => wanted,
            "0" | "f" | "false" => !wanted,
            _ => false,
        },
        Some(_) => false,
    };
    match ish {
        "*" => Some(value.is_some()),
        "null" => Some(value.is_none_or(Value::is_null)),
        "true" => Some(said(true)),
        "false" => Some(said(false)),
        _ => None,
    }
}
