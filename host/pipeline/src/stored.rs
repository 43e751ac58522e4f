//! Stages that name a plugin of a store get its file. Knows no store: who calls has one, or has none.

use std::path::PathBuf;

use crate::config::{Problem, StageConfig, StoredName, Uses};

/// A plugin as a store has it.
pub struct Found {
    /// Its component.
    pub file: PathBuf,
    /// What the component hashes to.
    pub sha256: String,
}

/// Puts the file in the place of every name. `find` answers what the store has, or one sentence why not.
///
/// # Errors
/// Every plugin that is not found or not the one that the file pins, with its place in the file.
pub fn find_stored(
    stages: &mut [StageConfig],
    find: impl Fn(&StoredName) -> Result<Found, String>,
) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for stage in stages {
        let Uses::Stored(name) = &stage.uses else { continue };
        match find(name) {
            Err(message) => {
                let install = Some("irongate plugin install FILE.wasm puts a plugin there".to_owned());
                problems.push(stage.problem("/uses", message, install));
            }
            Ok(found) => match stage.sha256.as_ref().filter(|pinned| **pinned != found.sha256) {
                Some(pinned) => {
                    let message = format!("{name} has the sha256 {}, not {pinned}", found.sha256);
                    problems.push(stage.problem("/sha256", message, None));
                }
                None => {
                    stage.uses = Uses::File(found.file);
                    // What is in the store is what was installed, or it is not used.
                    stage.sha256 = Some(found.sha256);
                }
            },
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
