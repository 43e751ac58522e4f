//! `irongate backup`: asks a running server for a copy of its data directory. The server writes it, on its own machine.

use crate::address::ServiceAddr;
use crate::client::connect;
use crate::failure::refused;
use crate::output::Output;
use anyhow::Result;
use irongate_proto::backup_v1::BackupRequest;
use irongate_proto::backup_v1::backup_service_client::BackupServiceClient;
use serde_json::json;

/// The arguments of `backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The name of the back-up: a folder in the server's folder for back-ups.
    name: String,
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let mut client = BackupServiceClient::new(connect(address).await?);
    let made = client.backup(BackupRequest { name: args.name }).await;
    let made = made.map_err(|status| refused(&status, address))?.into_inner();
    output.result(
        || format!("{}: {} messages and {} documents, {} bytes", made.folder, made.records, made.documents, made.bytes),
        || json!({ "folder": made.folder, "records": made.records, "documents": made.documents, "bytes": made.bytes }),
    )?;
    Ok(())
}
