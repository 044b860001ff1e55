//! Writes every generated file below the root of the repository.

use std::{error::Error, fs, path::Path};

use hanko_crds::generate::{File, files};

fn main() -> Result<(), Box<dyn Error>> {
    // Not where it was compiled: checkouts share one target folder.
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("..");
    for File { path, text } in files()? {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        fs::write(&path, text)?;
    }
    Ok(())
}
