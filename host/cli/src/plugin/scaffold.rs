//! The files of a new transform, in each language. They carry the interface with them, and the SDK or what stands for it, and the versions of all libraries, so
//! that the project builds anywhere and, once its libraries are fetched, without a network.

use super::c;
use super::project::Language;
use anyhow::Result;

/// One file: where it is in the project, and what is in it.
#[derive(Debug)]
pub(super) struct ScaffoldFile {
    pub(super) path: String,
    pub(super) text: String,
}

/// Where a file is in a project, and its text.
type Template = (&'static str, &'static str);

macro_rules! plugins {
    ($path:literal) => {
        include_str!(concat!("../../../../plugins/", $path))
    };
}

/// What is the same in every Rust project.
const RUST: [Template; 16] = [
    ("configuration.json", plugins!("templates/rust/configuration.json")),
    ("records.jsonl", plugins!("templates/rust/records.jsonl")),
    (".gitignore", plugins!("templates/rust/gitignore.template")),
    ("Cargo.lock", plugins!("Cargo.lock")),
    ("vendor/irongate/wit/transform.wit", plugins!("wit/transform.wit")),
    ("vendor/irongate/wit/packed.wit", plugins!("wit/packed.wit")),
    ("vendor/irongate/sdk/Cargo.toml", plugins!("sdk/Cargo.toml")),
    ("vendor/irongate/sdk/src/lib.rs", plugins!("sdk/src/lib.rs")),
    ("vendor/irongate/sdk/src/allocator.rs", plugins!("sdk/src/allocator.rs")),
    ("vendor/irongate/sdk/src/description.rs", plugins!("sdk/src/description.rs")),
    ("vendor/irongate/sdk/src/export.rs", plugins!("sdk/src/export.rs")),
    ("vendor/irongate/sdk/src/host.rs", plugins!("sdk/src/host.rs")),
    ("vendor/irongate/sdk/src/packing.rs", plugins!("sdk/src/packing.rs")),
    ("vendor/irongate/sdk/src/record.rs", plugins!("sdk/src/record.rs")),
    ("vendor/irongate/sdk/src/testing.rs", plugins!("sdk/src/testing.rs")),
    ("vendor/irongate/README.md", VENDOR_README),
];

const VENDOR_README: &str = "\
What this transform needs of Irongate, as it was when the project was made: `sdk` is the crate
irongate-transform, `wit` is the interface. Replace both together, from a newer `irongate plugin new`.
";

/// What is the same in every project in JavaScript.
const JAVASCRIPT: [Template; 9] = [
    ("configuration.json", plugins!("templates/rust/configuration.json")),
    ("records.jsonl", plugins!("templates/rust/records.jsonl")),
    (".gitignore", plugins!("templates/javascript/gitignore.template")),
    ("transform.test.js", plugins!("templates/javascript/transform.test.js")),
    ("package-lock.json", plugins!("templates/javascript/package-lock.json")),
    ("vendor/irongate/wit/transform.wit", plugins!("wit/transform.wit")),
    ("vendor/irongate/build.mjs", plugins!("templates/javascript/build.mjs")),
    ("vendor/irongate/testing/register.mjs", plugins!("templates/javascript/testing/register.mjs")),
    ("vendor/irongate/testing/host.mjs", plugins!("templates/javascript/testing/host.mjs")),
];

/// What is the same in every project in Python.
const PYTHON: [Template; 5] = [
    ("configuration.json", plugins!("templates/rust/configuration.json")),
    ("records.jsonl", plugins!("templates/rust/records.jsonl")),
    (".gitignore", plugins!("templates/python/gitignore.template")),
    ("requirements.txt", plugins!("templates/python/requirements.txt")),
    ("vendor/irongate/wit/transform.wit", plugins!("wit/transform.wit")),
];

/// What is the same in every project in C.
const C: [Template; 5] = [
    ("configuration.json", plugins!("templates/rust/configuration.json")),
    ("records.jsonl", plugins!("templates/rust/records.jsonl")),
    (".gitignore", plugins!("templates/c/gitignore.template")),
    ("transform_test.c", plugins!("templates/c/transform_test.c")),
    ("vendor/irongate/wit/transform.wit", plugins!("wit/transform.wit")),
];

/// The files of a project. The name must be one that cargo accepts.
///
/// # Errors
/// The declarations for C cannot be made of the interface.
pub(super) fn files(language: Language, name: &str) -> Result<Vec<ScaffoldFile>> {
    let (own, same): (Vec<Template>, &[Template]) = match language {
        Language::Rust => (
            vec![
                ("Cargo.toml", plugins!("templates/rust/Cargo.toml.template")),
                ("src/lib.rs", plugins!("templates/rust/lib.rs.template")),
            ],
            &RUST,
        ),
        Language::JavaScript => (
            vec![
                ("transform.js", plugins!("templates/javascript/transform.js.template")),
                ("package.json", plugins!("templates/javascript/package.json")),
            ],
            &JAVASCRIPT,
        ),
        Language::Python => (
            vec![
                ("transform.py", plugins!("templates/python/transform.py.template")),
                ("test_transform.py", plugins!("templates/python/test_transform.py.template")),
            ],
            &PYTHON,
        ),
        Language::C => (vec![("transform.c", plugins!("templates/c/transform.c.template"))], &C),
    };
    let filled = |template: &str| template.replace("{{name}}", name).replace("{{type}}", &type_name(name));
    let mut files: Vec<ScaffoldFile> =
        own.into_iter().map(|(path, text)| ScaffoldFile { path: path.to_owned(), text: filled(text) }).collect();
    files.extend(same.iter().map(|(path, text)| ScaffoldFile { path: (*path).to_owned(), text: (*text).to_owned() }));
    if language == Language::C {
        // For editors; the build makes them anew, with the object file that goes with them.
        for (path, bytes) in c::bindings(plugins!("wit/transform.wit"))? {
            let path = format!("{}/{path}", c::BINDINGS);
            files.extend(String::from_utf8(bytes).ok().map(|text| ScaffoldFile { path, text }));
        }
    }
    Ok(files)
}

/// What installs the libraries that building needs, where the build does not do that itself.
pub(super) fn installing(language: Language) -> Option<&'static str> {
    match language {
        Language::Rust | Language::C => None,
        Language::JavaScript => Some("npm ci"),
        Language::Python => Some("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt"),
    }
}

/// The name as a Rust type: `mask-fields` is `MaskFields`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
    };
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn nothing_is_left_unfilled_and_no_file_of_the_sdk_is_missing() {
        let mut files = Vec::new();
        for language in Language::value_variants() {
            files.extend(super::files(*language, "mask-fields").unwrap());
        }
        for file in files.iter().filter(|file| !file.path.starts_with("vendor")) {
            assert!(!file.text.contains("{{"), "{}", file.path);
        }
        assert!(files.iter().any(|file| file.text.contains("struct MaskFields")));

        let sdk = concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/sdk/src");
        for entry in std::fs::read_dir(sdk).unwrap() {
            let name = entry.unwrap().file_name().to_string_lossy().into_owned();
            let path = format!("vendor/irongate/sdk/src/{name}");
            assert!(files.iter().any(|file| file.path == path), "{path} is not in the scaffold");
        }
    }
}
