//! Documents: one YAML file, or every one in a folder.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use hanko_model::{
    Problem, Problems,
    document::{DEFAULT_NAMESPACE, Document, Parsed, Unknown, conflicts, parse},
    render::REVISION_ANNOTATION,
};
use serde::Deserialize;

use super::Refused;

/// Far above any document; a file that is bigger was named by mistake.
const MOST: u64 = 4 * 1024 * 1024;

/// What the files hold.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) documents: Vec<Document>,
    pub(crate) refused: Vec<Refused>,
    /// Fields of rendered documents that this version does not know.
    pub(crate) warnings: BTreeSet<String>,
    /// Why some file could not be read at all.
    pub(crate) unreadable: Option<String>,
}

/// Reads for `serve`: what is wrong in one file does not touch the others.
pub(crate) fn read(path: &Path) -> Found {
    let mut found = Found::default();
    let texts = match texts(path) {
        Ok(texts) => texts,
        Err(error) => return Found { unreadable: Some(format!("{}: {error}", path.display())), ..found },
    };
    for (file, text) in texts {
        match parse(&text, Unknown::Warn) {
            Ok(Parsed { documents, warnings }) => {
                found.warnings.extend(warnings.iter().map(ToString::to_string));
                found.documents.extend(documents);
            }
            Err(problems) => refuse(&file, &text, &problems, &mut found),
        }
    }
    let clashes = conflicts(&found.documents);
    for document in std::mem::take(&mut found.documents) {
        let own: Vec<Problem> = clashes.iter().filter(|clash| clash.document == document.label()).cloned().collect();
        if own.is_empty() {
            found.documents.push(document);
        } else {
            found.refused.push(Refused {
                document_revision: super::revision(&document),
                reason: reasons(&own),
                namespace: document.namespace,
                name: document.name,
            });
        }
    }
    found
}

/// Reads for `check`: every problem of every file.
pub(crate) fn check(path: &Path) -> Result<Vec<Document>, Vec<Problem>> {
    let whole = |path: &Path, error: &io::Error| Problem {
        document: path.display().to_string(),
        path: String::new(),
        message: error.to_string(),
    };
    let texts = texts(path).map_err(|error| vec![whole(path, &error)])?;
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for (_, text) in texts {
        match parse(&text, Unknown::Refuse) {
            Ok(parsed) => documents.extend(parsed.documents),
            Err(more) => problems.extend(more.0),
        }
    }
    problems.extend(conflicts(&documents));
    if problems.is_empty() { Ok(documents) } else { Err(problems) }
}

/// One line of what is wrong with one document; its name stands beside it.
pub(crate) fn reasons(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| match problem.path.as_str() {
            "" => problem.message.clone(),
            path => format!("{path}: {}", problem.message),
        })
        .collect();
    lines.join("; ")
}

/// The texts of the files, in the order of their names. Hidden entries are skipped, since a mounted ConfigMap keeps its
/// versions there.
fn texts(path: &Path) -> io::Result<Vec<(PathBuf, String)>> {
    if !path.is_dir() {
        return Ok(vec![(path.to_owned(), text(path)?)]);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?
        .into_iter()
        .filter(|file| {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            !name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml")) && file.is_file()
        })
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "holds no .yaml file"));
    }
    files.into_iter().map(|file| text(&file).map(|text| (file, text))).collect()
}

fn text(file: &Path) -> io::Result<String> {
    if fs::metadata(file)?.len() > MOST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "is too big to be a project document"));
    }
    fs::read_to_string(file)
}

/// Names whose documents were refused, as far as the text can be read at all.
fn refuse(file: &Path, text: &str, problems: &Problems, found: &mut Found) {
    let heads: Vec<Head> = serde_saphyr::from_multiple(text).unwrap_or_default();
    if heads.is_empty() {
        found.unreadable = Some(format!("{}: {}", file.display(), reasons(&problems.0)));
    }
    for Head { metadata } in heads {
        let label = format!("{}/{}", metadata.namespace, metadata.name);
        let own: Vec<Problem> = problems.0.iter().filter(|problem| problem.document == label).cloned().collect();
        let reason = if own.is_empty() {
            format!("another document of the same file is wrong: {problems}").replace('\n', "; ")
        } else {
            reasons(&own)
        };
        found.refused.push(Refused {
            namespace: metadata.namespace,
            name: metadata.name,
            document_revision: metadata.annotations.get(REVISION_ANNOTATION).cloned().unwrap_or_default(),
            reason,
        });
    }
}

/// As much of a document as names it.
#[derive(Deserialize)]
struct Head {
    metadata: HeadMetadata,
}

#[derive(Deserialize)]
struct HeadMetadata {
    name: String,
    #[serde(default = "default_namespace")]
    namespace: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

fn default_namespace() -> String {
    DEFAULT_NAMESPACE.to_owned()
}
