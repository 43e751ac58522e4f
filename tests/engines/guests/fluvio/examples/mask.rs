//! A field of the JSON is masked.

#[path = "../../../../../plugins/bench/src/mask.rs"]
mod mask;

use fluvio_smartmodule::{RecordData, Result, SmartModuleRecord, smartmodule};

/// The SmartModule.
#[smartmodule(map)]
pub fn map(record: &SmartModuleRecord) -> Result<(Option<RecordData>, RecordData)> {
    Ok((record.key.clone(), mask::mask(record.value.as_ref())?.into()))
}
