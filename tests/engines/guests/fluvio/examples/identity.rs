//! A copy of each record goes out.

use fluvio_smartmodule::{RecordData, Result, SmartModuleRecord, smartmodule};

/// The SmartModule.
#[smartmodule(map)]
pub fn map(record: &SmartModuleRecord) -> Result<(Option<RecordData>, RecordData)> {
    Ok((record.key.clone(), record.value.clone()))
}
