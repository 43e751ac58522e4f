//! Compiled components on disk, so that a restart does not compile again. Never an authority: what is missing, damaged or of another engine is compiled
//! anew, and a full disk only costs time.
//!
//! A file is named `<sha256 of the component>-<hash of the engine>.cwasm` and holds the sha256 of the rest (32 bytes), then what wasmtime
//! serialised. The engine's hash covers its version, its settings and the processor's features. Files of engines gone by are left to whoever cleans
//! the folder.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Write},
    path::PathBuf,
};

use sha2::{Digest, Sha256};
use wasmtime::{Engine, component::Component};

use crate::error::HostFault;

const DIGEST_BYTES: usize = 32;

/// A folder of compiled components.
pub(crate) struct Cache {
    folder: PathBuf,
    engine_hash: u64,
}

impl Cache {
    pub(crate) fn open(folder: PathBuf, engine: &Engine) -> Result<Cache, HostFault> {
        if let Err(source) = make_private(&folder) {
            return Err(HostFault::CacheFolder { folder, source });
        }
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Cache { folder, engine_hash: hasher.finish() })
    }

    /// The compiled component, if it is there and undamaged.
    pub(crate) fn get(&self, engine: &Engine, sha256: &str) -> Option<Component> {
        let path = self.path(sha256);
        let file = fs::read(&path).ok()?;
        let Some(code) = intact(&file) else {
            tracing::warn!(path = %path.display(), "a compiled transform is damaged and will be compiled again");
            return None;
        };
        match deserialize(engine, code) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a compiled transform does not load and will be compiled again");
                None
            }
        }
    }

    /// Keeps a compiled component. Failing to is not an error, only slow.
    pub(crate) fn put(&self, sha256: &str, component: &Component) {
        let path = self.path(sha256);
        let written = component.serialize().map_err(|error| error.to_string());
        let written = written.and_then(|code| self.write(&path, &code).map_err(|error| error.to_string()));
        if let Err(error) = written {
            tracing::warn!(path = %path.display(), %error, "a compiled transform could not be kept");
        }
    }

    /// Whole or not at all: a crash leaves no half file under the name.
    fn write(&self, path: &PathBuf, code: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(code)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}-{:016x}.cwasm", self.engine_hash))
    }
}

/// The code in a file, if its digest is right.
fn intact(file: &[u8]) -> Option<&[u8]> {
    let (digest, code) = file.split_at_checked(DIGEST_BYTES)?;
    (Sha256::digest(code).as_slice() == digest).then_some(code)
}

#[expect(
    unsafe_code,
    reason = "wasmtime cannot check compiled code: the digest, the engine's hash and the private folder vouch for it"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: only `write` makes these files, from what this engine serialised, in a folder that only this program can write.
    unsafe { Component::deserialize(engine, code) }
}

/// Makes the folder where it is missing. What is in it will be executed, so one that others can write to is refused.
#[cfg(unix)]
fn make_private(folder: &PathBuf) -> io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

    const OTHERS_MAY_WRITE: u32 = 0o022;

    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    if fs::metadata(folder)?.permissions().mode() & OTHERS_MAY_WRITE != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "others can write to it: chmod go-w"));
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(folder: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_one_wrong_bit_is_not_intact() {
        let mut file = Sha256::digest(b"code").to_vec();
        file.extend_from_slice(b"code");
        assert_eq!(intact(&file), Some(&b"code"[..]));
        for index in 0..file.len() {
            let mut damaged = file.clone();
            damaged[index] ^= 1;
            assert_eq!(intact(&damaged), None);
        }
        assert_eq!(intact(b"short"), None);
    }
}
