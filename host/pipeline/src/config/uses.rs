//! Where a stage's component is: in a file, or in a plugin store by its name. Looks for neither.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What `uses` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Uses {
    /// A file.
    File(PathBuf),
    /// A plugin of the store.
    Stored(StoredName),
}

/// A plugin of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredName {
    /// Its name.
    pub name: String,
    /// Its version; the newest where none is named.
    pub version: Option<String>,
}

impl Uses {
    /// What has a `/` or ends in `.wasm` is a file, from `folder` on where it is relative; anything else is a name.
    ///
    /// # Errors
    /// One sentence where it is neither.
    pub fn parse(text: &str, folder: &Path) -> Result<Uses, String> {
        if text.contains(['/', std::path::MAIN_SEPARATOR]) || text.ends_with(".wasm") {
            return Ok(Uses::File(folder.join(text)));
        }
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let is_name_char = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let is_version_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        let is_version = |version: &str| !version.is_empty() && version.chars().all(is_version_char);
        if name.is_empty() || !name.chars().all(is_name_char) || version.is_some_and(|version| !is_version(version)) {
            return Err(format!(
                "`{text}` is neither a file, which has a `/` or ends in .wasm, nor a plugin's name, such as mask or mask@1.0.0"
            ));
        }
        Ok(Uses::Stored(StoredName { name: name.to_owned(), version: version.map(str::to_owned) }))
    }

    /// The file, where it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Uses::File(file) => Some(file),
            Uses::Stored(_) => None,
        }
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Uses::File(file) => file.display().fmt(f),
            Uses::Stored(stored) => stored.fmt(f),
        }
    }
}

impl fmt::Display for StoredName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(f, "@{version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_names_are_told_apart() {
        let parse = |text: &str| Uses::parse(text, Path::new("/f"));
        for (text, file) in [("mask.wasm", "/f/mask.wasm"), ("./mask", "/f/./mask"), ("/p/mask", "/p/mask")] {
            assert_eq!(parse(text), Ok(Uses::File(file.into())), "{text}");
        }
        for (text, version) in [("mask", None), ("mask@1.0.0-rc.1+b", Some("1.0.0-rc.1+b".to_owned()))] {
            assert_eq!(parse(text), Ok(Uses::Stored(StoredName { name: "mask".to_owned(), version })));
            assert_eq!(parse(text).expect("a name").to_string(), text);
        }
        for text in ["", "@1.0.0", "mask@", "Mask", "mask@1 0", "mask@1@2"] {
            let told = parse(text).expect_err(text);
            assert!(told.starts_with(&format!("`{text}` is neither")), "{told}");
        }
    }
}
