//! The files of a new transform. They carry the SDK and the interface with them, and the versions of all libraries, so that the project builds anywhere and,
//! once cargo has fetched them, without a network.

/// One file: where it is in the project, and what is in it.
#[derive(Debug)]
pub(super) struct ScaffoldFile {
    pub(super) path: &'static str,
    pub(super) text: String,
}

macro_rules! plugins {
    ($path:literal) => {
        include_str!(concat!("../../../../plugins/", $path))
    };
}

/// What is the same in every Rust project.
const RUST: [(&str, &str); 13] = [
    ("configuration.json", plugins!("templates/rust/configuration.json")),
    ("records.jsonl", plugins!("templates/rust/records.jsonl")),
    (".gitignore", plugins!("templates/rust/gitignore.template")),
    ("Cargo.lock", plugins!("Cargo.lock")),
    ("vendor/irongate/wit/transform.wit", plugins!("wit/transform.wit")),
    ("vendor/irongate/sdk/Cargo.toml", plugins!("sdk/Cargo.toml")),
    ("vendor/irongate/sdk/src/lib.rs", plugins!("sdk/src/lib.rs")),
    ("vendor/irongate/sdk/src/description.rs", plugins!("sdk/src/description.rs")),
    ("vendor/irongate/sdk/src/export.rs", plugins!("sdk/src/export.rs")),
    ("vendor/irongate/sdk/src/host.rs", plugins!("sdk/src/host.rs")),
    ("vendor/irongate/sdk/src/record.rs", plugins!("sdk/src/record.rs")),
    ("vendor/irongate/sdk/src/testing.rs", plugins!("sdk/src/testing.rs")),
    ("vendor/irongate/README.md", VENDOR_README),
];

const VENDOR_README: &str = "\
What this transform needs of Irongate, as it was when the project was made: `sdk` is the crate
irongate-transform, `wit` is the interface. Replace both together, from a newer `irongate plugin new`.
";

/// The files of a Rust project. The name must be one that cargo accepts.
pub(super) fn rust(name: &str) -> Vec<ScaffoldFile> {
    let filled = |template: &str| template.replace("{{name}}", name).replace("{{type}}", &type_name(name));
    let mut files = vec![
        ScaffoldFile { path: "Cargo.toml", text: filled(plugins!("templates/rust/Cargo.toml.template")) },
        ScaffoldFile { path: "src/lib.rs", text: filled(plugins!("templates/rust/lib.rs.template")) },
    ];
    files.extend(RUST.map(|(path, text)| ScaffoldFile { path, text: text.to_owned() }));
    files
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

    #[test]
    fn nothing_is_left_unfilled_and_no_file_of_the_sdk_is_missing() {
        let files = rust("mask-fields");
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
