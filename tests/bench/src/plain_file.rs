//! The baseline for what durability itself costs: appending groups of messages to a
//! plain file, each group followed by fdatasync. No log could be faster with such groups.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, Instant},
};

use crate::load::PAYLOAD_BYTES;

/// Messages per second for groups of `group_messages` (at least 1, not always whole:
/// groups are as large as keep that average).
///
/// # Errors
/// The file cannot be written.
pub fn messages_per_second(folder: &Path, group_messages: f64, measured: Duration) -> anyhow::Result<f64> {
    let path = folder.join("plain");
    let mut file = File::create(&path)?;
    let mut due = 0.0;
    let mut written = 0;
    let started = Instant::now();
    while started.elapsed() < measured {
        due += group_messages.max(1.0);
        let group = due as usize - written;
        file.write_all(&vec![b'x'; group * PAYLOAD_BYTES])?;
        file.sync_data()?;
        written += group;
    }
    let rate = written as f64 / started.elapsed().as_secs_f64();
    drop(file);
    std::fs::remove_file(path)?;
    Ok(rate)
}
