//! `irongate.backup.v1.BackupService`: copies of the data directory while the host runs. Where they may be written is decided at the
//! host's start, never by a caller.

use crate::access::Access;
use crate::limits::BACKUP_NAME_BYTES_MAX;
use irongate_deploy::Deployments;
use irongate_proto::backup_v1::backup_service_server::BackupService;
use irongate_proto::backup_v1::{BackupRequest, BackupResponse};
use std::path::PathBuf;
use tonic::{Request, Response, Status};

pub(crate) struct Backups {
    deployments: Option<Deployments>,
    folder: Option<PathBuf>,
    access: Access,
}

impl Backups {
    pub(crate) fn new(deployments: Option<Deployments>, folder: Option<PathBuf>, access: Access) -> Self {
        Self { deployments, folder, access }
    }
}

/// A name that stays within its folder, everywhere.
fn is_name(name: &str) -> bool {
    let is_usual = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    (1..=BACKUP_NAME_BYTES_MAX).contains(&name.len())
        && !name.starts_with(['.', '-'])
        && !name.ends_with('.')
        && name.chars().all(is_usual)
}

#[tonic::async_trait]
impl BackupService for Backups {
    async fn backup(&self, request: Request<BackupRequest>) -> Result<Response<BackupResponse>, Status> {
        self.access.everywhere(&request, "a back-up")?;
        let Some(deployments) = &self.deployments else {
            return Err(Status::unimplemented("this host keeps no messages itself: back up the cluster"));
        };
        let Some(folder) = &self.folder else {
            let text = "this host was started without a folder for back-ups; irongate serve --backup-dir DIR names one";
            return Err(Status::failed_precondition(text));
        };
        let name = request.into_inner().name;
        if !is_name(&name) {
            return Err(Status::invalid_argument(format!(
                "`{name}` cannot be a back-up's name: letters, digits, `-`, `_` and `.`, at most {BACKUP_NAME_BYTES_MAX}"
            )));
        }
        let folder = folder.join(name);
        let copied = deployments.backup(&folder).await;
        let copied = copied.map_err(|error| Status::new(error.code(), error.to_string()))?;
        Ok(Response::new(BackupResponse {
            folder: folder.display().to_string(),
            records: copied.records,
            documents: copied.documents,
            bytes: copied.bytes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        for name in ["2026-11-25", "before_upgrade.1", "a"] {
            assert!(is_name(name), "{name}");
        }
        let long = "x".repeat(BACKUP_NAME_BYTES_MAX + 1);
        for name in ["", ".", "..", "../x", "a/b", "a\\b", "C:", "-rf", ".hidden", "a.", "a b", "\u{fc}", long.as_str()]
        {
            assert!(!is_name(name), "{name}");
        }
        assert!(is_name(&long[1..]));
    }
}
