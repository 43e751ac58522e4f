//! Several `.proto` files in one definition, so that a schema with imports is one text like any other. Each file begins with
//! a comment of one line that names it; what stands before the first such line, or a text without one, is the first file.
//! Knows no Protobuf.

use crate::{
    SchemaError,
    error::DefinitionPlace,
    excerpt::clip,
    limits::{BUNDLE_FILES_MAX, DEFINITION_BYTES_MAX},
};

/// The name of a file that has none.
const UNNAMED: &str = "schema.proto";

/// What a line that names a file begins and ends with.
const BEGIN: &str = "// --- file: ";
const END: &str = " ---";

/// The files that every definition may import.
const GOOGLE: &str = "google/protobuf/";

/// One file of a definition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part<'a> {
    pub name: &'a str,
    pub text: &'a str,
    /// Lines of the definition before the text.
    pub lines_before: u32,
}

/// One definition of several `.proto` files, given by name and text; the first one holds the message that payloads are. An
/// import of one by another names it as it is named here.
///
/// # Errors
/// [`SchemaError`] when a name is unusable or comes twice, or the whole is too large. Whether the files compile is not
/// looked at.
pub fn bundle(files: &[(&str, &str)]) -> Result<String, SchemaError> {
    let mut whole = String::new();
    for (name, text) in files {
        whole += &format!("{BEGIN}{name}{END}\n{text}");
        if !text.ends_with('\n') {
            whole.push('\n');
        }
    }
    if whole.len() > DEFINITION_BYTES_MAX {
        return Err(SchemaError::TooLarge { bytes: whole.len(), limit: DEFINITION_BYTES_MAX });
    }
    let found = parts(&whole)?;
    for (part, (name, _)) in found.iter().zip(files) {
        if part.name != *name {
            return Err(refused(format!("'{}' cannot be the name of a file", clip(name)), 0));
        }
    }
    if found.len() > files.len() {
        return Err(refused(format!("a file is a bundle already: it has the line '{BEGIN}…{END}'"), 0));
    }
    Ok(whole)
}

/// The files of a definition, in its order; at least one.
pub(super) fn parts(definition: &str) -> Result<Vec<Part<'_>>, SchemaError> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut open = Part { name: UNNAMED, text: "", lines_before: 0 };
    let (mut start, mut at, mut lines) = (0, 0, 0);
    for line in definition.split_inclusive('\n') {
        lines += 1;
        let name = line.trim_end().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        if let Some(name) = name {
            let before = definition[start..at].trim();
            if !parts.is_empty() || open.lines_before > 0 || !before.is_empty() {
                parts.push(Part { text: &definition[start..at], ..open });
            }
            check(name, &parts, lines)?;
            open = Part { name, text: "", lines_before: lines };
            start = at + line.len();
        }
        at += line.len();
    }
    parts.push(Part { text: &definition[start..], ..open });
    Ok(parts)
}

fn check(name: &str, parts: &[Part<'_>], line: u32) -> Result<(), SchemaError> {
    let is_path = !name.is_empty()
        && !name.contains(['\\', '\0', '"', '\''])
        && name.split('/').all(|step| !["", ".", ".."].contains(&step) && step.trim() == step);
    if !is_path {
        return Err(refused(format!("'{}' is no name of a file such as shop/item.proto", clip(name)), line));
    }
    if name.starts_with(GOOGLE) {
        return Err(refused(format!("'{}' is part of the language and need not be in a definition", clip(name)), line));
    }
    if parts.iter().any(|part| part.name == name) {
        return Err(refused(format!("the file '{}' comes twice", clip(name)), line));
    }
    if parts.len() >= BUNDLE_FILES_MAX {
        return Err(refused(format!("a definition has at most {BUNDLE_FILES_MAX} files"), line));
    }
    Ok(())
}

fn refused(message: String, line: u32) -> SchemaError {
    let place = (line > 0).then_some(DefinitionPlace { line, column: 1 });
    SchemaError::Invalid { message, pointer: String::new(), place }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_names_is_one_file() {
        let text = "syntax = \"proto3\";\n// --- file: x\nmessage A {}";
        assert_eq!(parts(text).unwrap(), [Part { name: UNNAMED, text, lines_before: 0 }]);
    }

    #[test]
    fn a_bundle_is_taken_apart_as_it_was_made() {
        let whole = bundle(&[("a.proto", "message A {}"), ("b/c.proto", "\nmessage C {}\n")]).unwrap();
        let found = parts(&whole).unwrap();
        assert_eq!(found[0], Part { name: "a.proto", text: "message A {}\n", lines_before: 1 });
        assert_eq!(found[1], Part { name: "b/c.proto", text: "\nmessage C {}\n", lines_before: 3 });
        let unnamed = parts("message M {}\n// --- file: x.proto ---\nmessage X {}").unwrap();
        assert_eq!((unnamed[0].name, unnamed[1].name), (UNNAMED, "x.proto"));
    }

    #[test]
    fn names_that_would_mislead_are_refused() {
        for (names, reason) in [
            (&["a.proto", "a.proto"][..], "the file 'a.proto' comes twice"),
            (&["../a.proto"], "'../a.proto' is no name of a file such as shop/item.proto"),
            (&["/a.proto"], "'/a.proto' is no name"),
            (&[""], "'' is no name of a file"),
            (&["a\nb"], "cannot be the name of a file"),
            (&["google/protobuf/any.proto"], "is part of the language"),
        ] {
            let files: Vec<(&str, &str)> = names.iter().map(|name| (*name, "message A {}")).collect();
            let error = bundle(&files).unwrap_err().to_string();
            assert!(error.contains(reason), "{names:?}: {error}");
        }
        let names: Vec<String> = (0..=BUNDLE_FILES_MAX).map(|at| format!("f{at}.proto")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        assert!(bundle(&files[1..]).is_ok());
        assert!(bundle(&files).unwrap_err().to_string().contains("at most 100 files"));
        let nested = bundle(&[("a.proto", "// --- file: b.proto ---\n")]).unwrap_err().to_string();
        assert!(nested.contains("a file is a bundle already"), "{nested}");
        let large = "x".repeat(DEFINITION_BYTES_MAX);
        assert!(matches!(bundle(&[("a.proto", &large)]), Err(SchemaError::TooLarge { .. })));
    }
}
