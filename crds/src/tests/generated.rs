//! The generated files in the repository are those the types give.

use std::{fs, path::Path};

use crate::generate::{COMMAND, File, files};

#[test]
fn generated_files_are_up_to_date() {
    // Asked when it runs: checkouts share one target folder, so the program may have been compiled in another one.
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR").expect("run by cargo")).join("..");
    for File { path, text } in files().expect("generates") {
        let there = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(there == text, "{path} is out of date; run `{COMMAND}` and commit what it writes");
    }
}
