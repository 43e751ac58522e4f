//! A back-up of a host: the broker's data and the components of its pipelines, in one folder that is there as a whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use irongate_broker::{Copied, CopyError};

use crate::{Deployments, error::DeployError};

impl Deployments {
    /// Makes `folder`, a data directory with everything that was acknowledged before this call. Pipelines run on; none is deployed or
    /// removed meanwhile.
    ///
    /// # Errors
    /// The folder is there already, its disk has not the room, or the disk refuses.
    pub async fn backup(&self, folder: &Path) -> Result<Copied, DeployError> {
        if folder.exists() {
            return Err(CopyError::Exists { folder: folder.to_owned() }.into());
        }
        let partial = folder.with_added_extension("partial");
        let file = |source| DeployError::File { path: partial.clone(), source };
        let (broker, _unchanged) = self.still().await?;
        if partial.exists() {
            // Left by a host that ended in the middle of it.
            fs::remove_dir_all(&partial).map_err(file)?;
        }
        let copied = broker.copy_to(partial.clone()).await?;
        let finish = || -> io::Result<()> {
            copy_components(&self.components(), &partial.join("plugins"))?;
            fs::File::open(&partial)?.sync_all()?;
            fs::rename(&partial, folder)?;
            folder.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
        };
        finish().map_err(|source| {
            // What cannot be removed is removed before the next back-up of this name.
            let _ = fs::remove_dir_all(&partial);
            DeployError::File { path: folder.to_owned(), source }
        })?;
        Ok(copied)
    }
}

fn copy_components(from: &Path, to: &PathBuf) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        if let Some(name) = path.file_name() {
            let copy = to.join(name);
            fs::copy(&path, &copy)?;
            fs::File::open(&copy)?.sync_all()?;
        }
    }
    fs::File::open(to)?.sync_all()
}
