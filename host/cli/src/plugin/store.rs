//! The plugins of a user: components in the user's data folder, each once, under its sha256, and names with versions that point at them. Runs none, and knows no
//! server: what a server runs, it keeps itself.
//!
//! | path | content |
//! |---|---|
//! | `components/<sha256>.wasm` | a component |
//! | `names/<name>@<version>` | the sha256 of its component |
//! | `lock` | held by whoever changes something |

use anyhow::{Context, Result, bail};
use irongate_pipeline::{Found, StoredName};
use irongate_runtime::Plugin;
use semver::Version;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A store, which may be empty.
pub(crate) struct PluginStore {
    folder: PathBuf,
}

/// A plugin of the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Installed {
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) sha256: String,
}

impl Installed {
    /// As files name it.
    pub(super) fn full_name(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }
}

impl PluginStore {
    /// The store of whoever runs this: `irongate/plugins` below `XDG_DATA_HOME`, else below `~/.local/share`.
    ///
    /// # Errors
    /// There is no such folder.
    pub(crate) fn of_user() -> Result<Self> {
        let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let data = data.or_else(|| Some(std::env::home_dir()?.join(".local/share")));
        let data = data.context("there is no folder for the plugin store: set HOME or XDG_DATA_HOME")?;
        Ok(Self { folder: data.join("irongate").join("plugins") })
    }

    fn components(&self) -> PathBuf {
        self.folder.join("components")
    }

    fn names(&self) -> PathBuf {
        self.folder.join("names")
    }

    pub(super) fn component(&self, sha256: &str) -> PathBuf {
        self.components().join(format!("{sha256}.wasm"))
    }

    /// Keeps a component under its name and version. Says whether it was not there before.
    ///
    /// # Errors
    /// The name and version belong to another component, or the store cannot be written.
    pub(super) fn install(&self, component: &[u8], plugin: &Plugin) -> Result<(Installed, bool)> {
        let description = plugin.description();
        let version = Version::parse(&description.version)
            .with_context(|| format!("its version `{}` cannot be put in order", description.version))?;
        let installed = Installed { name: description.name.clone(), version, sha256: plugin.sha256().to_owned() };
        let _lock = self.locked()?;
        let name = self.names().join(installed.full_name());
        match fs::read_to_string(&name) {
            Ok(there) if there == installed.sha256 => {
                // What is broken on the disk is written anew.
                self.write(&self.component(&there), component)?;
                return Ok((installed, false));
            }
            Ok(there) => bail!(
                "{} is installed with the sha256 {there}, and this one has {}; give it another version, or remove the one that is there",
                installed.full_name(),
                installed.sha256
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", name.display())),
        }
        // A name never points at what is not there.
        self.write(&self.component(&installed.sha256), component)?;
        self.write(&name, installed.sha256.as_bytes())?;
        Ok((installed, true))
    }

    /// What is there, by name and from the oldest version to the newest.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) fn list(&self) -> Result<Vec<Installed>> {
        let names = self.names();
        let entries = match fs::read_dir(&names) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", names.display())),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry.with_context(|| format!("{} cannot be read", names.display()))?;
            let file_name = entry.file_name().to_string_lossy().into_owned();
            // What a write that was interrupted has left is no name.
            let Some((name, version)) = file_name.split_once('@') else { continue };
            let Ok(version) = Version::parse(version) else { continue };
            match fs::read_to_string(entry.path()) {
                Ok(sha256) => all.push(Installed { name: name.to_owned(), version, sha256 }),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error).with_context(|| format!("{} cannot be read", entry.path().display())),
            }
        }
        all.sort();
        Ok(all)
    }

    /// Forgets a version, or all versions where none is named, and the components that nothing points at any more.
    ///
    /// # Errors
    /// There is none, or the store cannot be written.
    pub(super) fn remove(&self, wanted: &StoredName) -> Result<Vec<Installed>> {
        let _lock = self.locked()?;
        let (gone, left): (Vec<_>, Vec<_>) = self.list()?.into_iter().partition(|one| is_meant(wanted, one));
        if gone.is_empty() {
            bail!(absent(wanted, &left));
        }
        for one in &gone {
            remove(&self.names().join(one.full_name()))?;
        }
        for one in gone.iter().filter(|one| left.iter().all(|other| other.sha256 != one.sha256)) {
            remove(&self.component(&one.sha256))?;
        }
        Ok(gone)
    }

    /// The component of a version; where none is named of the newest, and of one that is not finished only where there is no other.
    ///
    /// # Errors
    /// One sentence, which says what there is instead.
    pub(crate) fn find(&self, wanted: &StoredName) -> Result<Found, String> {
        let all = self.list().map_err(|error| format!("{error:#}"))?;
        let meant = all.iter().filter(|one| is_meant(wanted, one));
        let newest = meant.max_by_key(|one| (one.version.pre.is_empty(), &one.version));
        let found = newest.ok_or_else(|| absent(wanted, &all))?;
        Ok(Found { file: self.component(&found.sha256), sha256: found.sha256.clone() })
    }

    /// Keeps others from changing the store for as long as it is held.
    fn locked(&self) -> Result<File> {
        let broken = || format!("{} cannot be written", self.folder.display());
        for folder in [self.components(), self.names()] {
            fs::create_dir_all(folder).with_context(broken)?;
        }
        let lock = File::create(self.folder.join("lock")).with_context(broken)?;
        lock.lock().with_context(broken)?;
        Ok(lock)
    }

    /// Writes a file whole or not at all.
    fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        let written = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut partial| {
            partial.write_all(content)?;
            partial.as_file().sync_all()?;
            partial.persist(path).map_err(io::Error::from)
        });
        written.map(drop).with_context(|| format!("{} cannot be written", path.display()))
    }
}

fn is_meant(wanted: &StoredName, one: &Installed) -> bool {
    let is_version = |version: &String| Version::parse(version).is_ok_and(|version| version == one.version);
    one.name == wanted.name && wanted.version.as_ref().is_none_or(is_version)
}

fn absent(wanted: &StoredName, all: &[Installed]) -> String {
    let of_that_name: Vec<String> =
        all.iter().filter(|one| one.name == wanted.name).map(Installed::full_name).collect();
    let there = if of_that_name.is_empty() { all.iter().map(Installed::full_name).collect() } else { of_that_name };
    let there = if there.is_empty() { "it is empty".to_owned() } else { format!("there is {}", there.join(", ")) };
    format!("there is no {wanted} in the plugin store: {there}")
}

fn remove(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", file.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> StoredName {
        let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        StoredName { name: name.to_owned(), version: version.map(str::to_owned) }
    }

    /// A store with names and nothing behind them.
    fn store(names: &[&str]) -> (tempfile::TempDir, PluginStore) {
        let folder = tempfile::tempdir().expect("a directory");
        let store = PluginStore { folder: folder.path().to_owned() };
        fs::create_dir_all(store.names()).expect("a folder");
        for name in names {
            fs::write(store.names().join(name), format!("sha-{name}")).expect("written");
        }
        (folder, store)
    }

    #[test]
    fn the_newest_is_by_number_and_one_that_is_not_finished_comes_last() {
        let (_folder, store) = store(&["mask@1.9.0", "mask@1.10.0", "mask@2.0.0-rc.1", "draft@0.1.0-a", "x"]);
        let found = |name: &str| store.find(&named(name)).map(|found| found.sha256);
        assert_eq!(found("mask").as_deref(), Ok("sha-mask@1.10.0"));
        assert_eq!(found("mask@1.9.0").as_deref(), Ok("sha-mask@1.9.0"));
        assert_eq!(found("mask@2.0.0-rc.1").as_deref(), Ok("sha-mask@2.0.0-rc.1"));
        assert_eq!(found("draft").as_deref(), Ok("sha-draft@0.1.0-a"));
        let told = found("mask@3.0.0").expect_err("there is none");
        assert_eq!(
            told,
            "there is no mask@3.0.0 in the plugin store: there is mask@1.9.0, mask@1.10.0, mask@2.0.0-rc.1"
        );
        assert!(found("other").expect_err("there is none").contains("there is draft@0.1.0-a, mask@1.9.0"));
    }

    #[test]
    fn a_component_stays_for_as_long_as_a_name_points_at_it() {
        let (_folder, store) = store(&["a@1.0.0", "a@1.1.0", "b@1.0.0"]);
        fs::create_dir_all(store.components()).expect("a folder");
        for name in ["a@1.1.0", "b@1.0.0"] {
            fs::write(store.names().join(name), "shared").expect("written");
        }
        fs::write(store.component("shared"), "component").expect("written");
        assert_eq!(store.remove(&named("a")).expect("removed").len(), 2);
        assert!(store.component("shared").exists());
        let told = store.remove(&named("a")).expect_err("it is gone").to_string();
        assert_eq!(told, "there is no a in the plugin store: there is b@1.0.0");
        store.remove(&named("b@1.0.0")).expect("removed");
        assert!(!store.component("shared").exists());
        let told = store.find(&named("b")).err().expect("it is gone");
        assert_eq!(told, "there is no b in the plugin store: it is empty");
    }
}
