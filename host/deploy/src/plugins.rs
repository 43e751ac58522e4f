//! Components in the data directory, each under its sha256, so that one that several versions use is there once. Runs none.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::error::DeployError;

/// The folder with the components.
pub(crate) struct PluginFolder {
    folder: PathBuf,
}

impl PluginFolder {
    pub(crate) fn open(data_dir: &Path) -> Result<PluginFolder, DeployError> {
        let folder = data_dir.join("plugins");
        fs::create_dir_all(&folder).map_err(|source| DeployError::File { path: folder.clone(), source })?;
        Ok(PluginFolder { folder })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the component with this digest is.
    pub(crate) fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(format!("{sha256}.wasm"))
    }

    /// Keeps a component and answers its digest. It is on the disk, whole, or not at all.
    pub(crate) fn keep(&self, component: &[u8]) -> Result<String, DeployError> {
        let sha256 = digest(component);
        let path = self.path(&sha256);
        // What is broken on the disk is written anew.
        if fs::read(&path).is_ok_and(|kept| digest(&kept) == sha256) {
            return Ok(sha256);
        }
        let partial = path.with_extension("partial");
        let written = write_whole(&partial, &path, component);
        written.map_err(|source| DeployError::File { path, source })?;
        Ok(sha256)
    }

    /// Removes every component that is not among these.
    pub(crate) fn keep_only(&self, wanted: &[String]) -> Result<(), DeployError> {
        let broken = |source| DeployError::File { path: self.folder.clone(), source };
        for entry in fs::read_dir(&self.folder).map_err(broken)? {
            let path = entry.map_err(broken)?.path();
            let is_wanted = wanted.iter().any(|sha256| self.path(sha256) == path);
            if !is_wanted {
                fs::remove_file(&path).map_err(|source| DeployError::File { path, source })?;
            }
        }
        Ok(())
    }
}

fn digest(component: &[u8]) -> String {
    Sha256::digest(component).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_whole(partial: &Path, path: &Path, component: &[u8]) -> io::Result<()> {
    fs::write(partial, component)?;
    fs::File::open(partial)?.sync_all()?;
    fs::rename(partial, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}
