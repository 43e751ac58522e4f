//! Each record ends here.

use fluvio_smartmodule::{Result, SmartModuleRecord, smartmodule};

/// The SmartModule.
#[smartmodule(filter)]
pub fn filter(_: &SmartModuleRecord) -> Result<bool> {
    Ok(false)
}
