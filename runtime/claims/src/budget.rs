//! What one evaluation may cost.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

/// Units, a byte copied or so, that one claim may use: a millisecond or two.
const UNITS: usize = 1 << 18;
/// What a value takes beside its text.
const VALUE: usize = 32;

/// The budget is used up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Spent;

/// What is left.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

impl Budget {
    pub(crate) fn new() -> Self {
        Self(AtomicUsize::new(UNITS))
    }

    /// For the next claim.
    pub(crate) fn refill(&self) {
        self.0.store(UNITS, Ordering::Relaxed);
    }

    pub(crate) fn spend(&self, units: usize) -> Result<(), Spent> {
        let left = self.0.load(Ordering::Relaxed).saturating_sub(units);
        self.0.store(left, Ordering::Relaxed);
        if left == 0 { Err(Spent) } else { Ok(()) }
    }

    /// What copying or writing the value costs.
    pub(crate) fn spend_on(&self, value: &Value) -> Result<(), Spent> {
        match value {
            Value::String(text) => self.spend(VALUE + text.len()),
            Value::Array(items) => {
                self.spend(VALUE)?;
                items.iter().try_for_each(|item| self.spend_on(item))
            }
            Value::Object(members) => {
                self.spend(VALUE)?;
                members.iter().try_for_each(|(name, value)| {
                    self.spend(VALUE + name.len())?;
                    self.spend_on(value)
                })
            }
            _ => self.spend(VALUE),
        }
    }
}
