//! What is wrong with a document, told to the person who can change it.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// `<namespace>/<name>`, or `document 2` where a name could not be read.
    pub document: String,
    /// Path of the field (`spec.settings.session.lifespan`); empty for the document as a whole.
    pub path: String,
    /// The reason and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.document)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything that is wrong, at least one thing. Displayed one to a line.
#[derive(Clone, Debug, Default, Eq, PartialEq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// Collects the problems of one document.
pub(crate) struct Findings {
    document: String,
    problems: Vec<Problem>,
}

impl Findings {
    pub(crate) fn of(document: impl Into<String>) -> Self {
        Self { document: document.into(), problems: Vec::new() }
    }

    pub(crate) fn add(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.problems.push(Problem { document: self.document.clone(), path: path.into(), message: message.into() });
    }

    /// The value, or a problem at `path`.
    pub(crate) fn ok<T>(&mut self, path: impl Into<String>, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.add(path, message)).ok()
    }

    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}
