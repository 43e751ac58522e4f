//! How much memory a process holds, as Linux tells it.

use anyhow::Context;

/// Resident memory of a process in MiB.
///
/// # Errors
/// There is no such process, or the system is not Linux.
pub fn resident_mib(process_id: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status"))
        .with_context(|| format!("the memory of process {process_id} cannot be read"))?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB"));
    Ok(kib.context("no VmRSS in the status of a process")?.trim().parse::<f64>()? / 1024.0)
}
