//! Secret files: `<folder>/<namespace>/<name>/<key>`, mounted Secrets on a cluster, plain folders on a laptop.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use hanko_domain::Secret;
use thiserror::Error;

/// What Kubernetes allows a whole Secret to hold.
const MOST: u64 = 1024 * 1024;

/// Values as they stand in the files, by Secret and key.
pub(crate) type Entries = BTreeMap<(String, String), Secret<Vec<u8>>>;

/// Why a secret could not be read. Never holds a value.
#[derive(Debug, Error)]
pub(crate) enum SecretError {
    /// There is no such Secret.
    #[error("Secret `{name}` is missing; its values are looked for in {}", path.display())]
    NoSecret { name: String, path: PathBuf },
    /// The Secret has no such entry.
    #[error("Secret `{name}` has no key `{key}`; it is looked for in {}", path.display())]
    NoKey { name: String, key: String, path: PathBuf },
    /// It is not a value.
    #[error("key `{key}` of Secret `{name}` is bigger than a Secret may be")]
    TooBig { name: String, key: String },
    /// It should be text.
    #[error("key `{key}` of Secret `{name}` is not UTF-8 text")]
    NotText { name: String, key: String },
    /// The system refused.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// The folder.
pub(crate) struct SecretFiles<'a>(&'a Path);

impl<'a> SecretFiles<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        Self(folder)
    }

    /// One value, as it stands in the file.
    pub(crate) fn read(&self, namespace: &str, name: &str, key: &str) -> Result<Secret<Vec<u8>>, SecretError> {
        let folder = self.0.join(namespace).join(name);
        if !folder.is_dir() {
            return Err(SecretError::NoSecret { name: name.into(), path: folder });
        }
        read_file(&folder.join(key), name, key)
    }

    /// Every entry of a Secret that can be a master key. An empty Secret is a missing one.
    pub(crate) fn read_all(&self, namespace: &str, name: &str) -> Result<Entries, SecretError> {
        let folder = self.0.join(namespace).join(name);
        let missing = || SecretError::NoSecret { name: name.into(), path: folder.clone() };
        let failed = |source| SecretError::File { path: folder.clone(), source };
        let listing = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing()),
            listing => listing.map_err(failed)?,
        };
        let mut entries = Entries::new();
        for entry in listing {
            let file = entry.map_err(failed)?;
            let Ok(key) = file.file_name().into_string() else { continue };
            // Hidden entries are how a mounted Secret keeps its versions.
            if !key.starts_with('.') && file.path().is_file() {
                entries.insert((name.to_owned(), key.clone()), read_file(&file.path(), name, &key)?);
            }
        }
        if entries.is_empty() { Err(missing()) } else { Ok(entries) }
    }

    /// Writes a key that a laptop makes for itself, for its owner's eyes only. Never replaces one.
    pub(crate) fn write_new(
        &self,
        namespace: &str,
        name: &str,
        key: &str,
        content: &Secret<String>,
    ) -> Result<PathBuf, SecretError> {
        let folder = self.0.join(namespace).join(name);
        let path = folder.join(key);
        let write = || {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(content.expose().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write().map_err(|source| SecretError::File { path: path.clone(), source })?;
        Ok(path)
    }
}

/// A value that is text: without the line feed an editor leaves at its end.
pub(crate) fn text(entries: &Entries, name: &str, key: &str) -> Result<Secret<String>, SecretError> {
    let missing = || SecretError::NoKey { name: name.into(), key: key.into(), path: PathBuf::new() };
    let value = entries.get(&(name.to_owned(), key.to_owned())).ok_or_else(missing)?;
    let text =
        std::str::from_utf8(value.expose()).map_err(|_| SecretError::NotText { name: name.into(), key: key.into() })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

fn read_file(path: &Path, name: &str, key: &str) -> Result<Secret<Vec<u8>>, SecretError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => SecretError::NoKey { name: name.into(), key: key.into(), path: path.into() },
        _ => SecretError::File { path: path.into(), source },
    };
    let file = File::open(path).map_err(failed)?;
    let mut value = Vec::new();
    file.take(MOST + 1).read_to_end(&mut value).map_err(failed)?;
    let value = Secret::new(value);
    if value.expose().len() as u64 > MOST {
        return Err(SecretError::TooBig { name: name.into(), key: key.into() });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder_with(entries: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("ns/smtp");
        fs::create_dir_all(&secret).unwrap();
        for (key, value) in entries {
            fs::write(secret.join(key), value).unwrap();
        }
        folder
    }

    fn read_text(folder: &tempfile::TempDir, key: &str) -> Result<String, SecretError> {
        let value = SecretFiles::new(folder.path()).read("ns", "smtp", key)?;
        let entries = Entries::from([(("smtp".into(), key.into()), value)]);
        text(&entries, "smtp", key).map(|text| text.expose().clone())
    }

    #[test]
    fn one_line_end_is_not_part_of_a_value() {
        let folder = folder_with(&[("a", b"x\n"), ("b", b"x\r\n"), ("c", b" x "), ("d", b"x\n\n"), ("e", b"\xff")]);
        assert_eq!(read_text(&folder, "a").unwrap(), "x");
        assert_eq!(read_text(&folder, "b").unwrap(), "x");
        assert_eq!(read_text(&folder, "c").unwrap(), " x ");
        assert_eq!(read_text(&folder, "d").unwrap(), "x\n");
        assert_eq!(read_text(&folder, "e").unwrap_err().to_string(), "key `e` of Secret `smtp` is not UTF-8 text");
    }

    #[test]
    fn what_is_missing_is_named_with_the_place_it_was_looked_for() {
        let folder = folder_with(&[("big", &vec![0; 1024 * 1024 + 1])]);
        let files = SecretFiles::new(folder.path());
        let error = |name, key| files.read("ns", name, key).unwrap_err().to_string();
        assert!(error("other", "key").starts_with("Secret `other` is missing; its values are looked for in /"));
        assert!(error("smtp", "key").starts_with("Secret `smtp` has no key `key`; it is looked for in /"));
        assert_eq!(error("smtp", "big"), "key `big` of Secret `smtp` is bigger than a Secret may be");
        assert!(matches!(files.read_all("ns", "other"), Err(SecretError::NoSecret { .. })));
    }

    #[test]
    fn a_mounted_secret_is_read_through_its_links() {
        let folder = folder_with(&[]);
        let secret = folder.path().join("ns/smtp");
        fs::create_dir(secret.join("..2026_1")).unwrap();
        fs::write(secret.join("..2026_1/k1"), b"one").unwrap();
        symlink("..2026_1", secret.join("..data")).unwrap();
        symlink("..data/k1", secret.join("k1")).unwrap();
        let entries = SecretFiles::new(folder.path()).read_all("ns", "smtp").unwrap();
        assert_eq!(entries.keys().collect::<Vec<_>>(), [&("smtp".to_owned(), "k1".to_owned())]);
    }

    #[test]
    fn a_new_key_is_for_its_owner_only_and_never_replaces_one() {
        let folder = tempfile::tempdir().unwrap();
        let files = SecretFiles::new(folder.path());
        let content = Secret::new("secret".to_owned());
        let path = files.write_new("ns", "acme-keys", "k1", &content).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(files.write_new("ns", "acme-keys", "k1", &content).is_err());
        assert_eq!(fs::read_to_string(path).unwrap(), "secret\n");
    }
}
