//! Building a transform in JavaScript: Node runs `build.mjs`, which every project carries. Installs nothing; says how where something is missing.

use super::project;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

const NODE_MISSING: &str =
    "node could not be started: install Node.js 20 or later, from your system's packages or https://nodejs.org";

/// # Errors
/// Node or the libraries of `package.json` are missing, or it does not build.
pub(super) fn build(folder: &Path) -> Result<PathBuf> {
    // Node looks for libraries in all folders above, and so must this.
    let whole = folder.canonicalize()?;
    if !whole.ancestors().any(|above| above.join("node_modules/@bytecodealliance/componentize-js").is_dir()) {
        bail!("componentize-js is missing: run `npm ci` in {}", folder.display());
    }
    let component = project::component(folder)?;
    let name = component.file_name().unwrap_or_default();
    project::run(
        project::command("node", folder).arg("vendor/irongate/build.mjs").arg(name),
        NODE_MISSING,
        "the transform does not build",
    )?;
    Ok(component)
}

/// # Errors
/// Node is missing, or a test fails.
pub(super) fn test(folder: &Path) -> Result<()> {
    project::run(
        project::command("node", folder).args(["--import", "./vendor/irongate/testing/register.mjs", "--test"]),
        NODE_MISSING,
        "the transform's tests fail",
    )
}
