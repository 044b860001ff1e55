//! The generated files in the repository are those the types give.

use std::{fs, path::Path};

use crate::generate::{COMMAND, File, files};

#[test]
fn generated_files_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for File { path, text } in files().expect("generates") {
        let there = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(there == text, "{path} is out of date; run `{COMMAND}` and commit what it writes");
    }
}
