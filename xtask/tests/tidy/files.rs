//! The repository's own texts: every file that is neither generated nor built.

use std::{fs, path::Path};

/// A file that is text, by its path from the root with forward slashes.
pub struct Text {
    pub path: String,
    pub text: String,
}

/// Generated or third-party files that no rule reads.
const SKIPPED: [&str; 10] = [
    ".git",
    "Cargo.lock",
    "plugins/Cargo.lock",
    "schema/fuzz/Cargo.lock",
    "tests/engines/Cargo.lock",
    "tests/engines/guests/Cargo.lock",
    "proto/src/generated/",
    "dist/",
    "irongate-data/",
    "tests/vendor/",
];

pub fn texts(root: &Path) -> Vec<Text> {
    let mut found = Vec::new();
    collect(root, root, &mut found);
    assert!(found.iter().any(|file| file.path == "Cargo.toml"), "the walk starts at the root");
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Text>) {
    for entry in fs::read_dir(folder).expect("a folder of the repository can be read") {
        let entry = entry.expect("an entry can be read");
        let path = entry.path();
        let relative = path.strip_prefix(root).expect("the walk stays inside").to_string_lossy().replace('\\', "/");
        if entry.file_type().expect("an entry has a type").is_dir() {
            // Cargo marks its target directories, whatever they are called.
            let is_built = path.join("CACHEDIR.TAG").exists() || relative == ".git" || relative == "target";
            if !is_built && !is_skipped(&format!("{relative}/")) {
                collect(root, &path, found);
            }
        } else if !is_skipped(&relative)
            && let Ok(text) = fs::read_to_string(&path)
        {
            found.push(Text { path: relative, text });
        }
    }
}

fn is_skipped(relative: &str) -> bool {
    SKIPPED.iter().any(|skipped| relative == *skipped || (skipped.ends_with('/') && relative.starts_with(skipped)))
}

#[test]
fn generated_files_are_skipped_and_others_are_not() {
    assert!(is_skipped("Cargo.lock"));
    assert!(is_skipped("proto/src/generated/danube.rs"));
    assert!(!is_skipped("proto/src/lib.rs"));
    assert!(!is_skipped("web/src/Cargo.lock.rs"));
}
