//! The work of the benchmark as an Extism plug-in. A batch is one call: its records, and the answers, are packed as Irongate's SDK packs them, by the
//! same code, because Extism hands over bytes and leaves their form to its users.

#[path = "../../../../../plugins/bench/src/mask.rs"]
mod mask;
#[path = "../../../../../plugins/sdk/src/packing.rs"]
mod packing;
#[allow(dead_code, reason = "the SDK's own file; what tests of transforms need is not used here")]
#[path = "../../../../../plugins/sdk/src/record.rs"]
mod record;

use extism_pdk::{FnResult, plugin_fn};
use record::{Outcome, OutputRecord, Record, SchemaReference};

/// A copy of each record goes out.
#[plugin_fn]
pub fn identity(batch: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(serve(batch, |record| Outcome::emit(record.into_output())))
}

/// A field of the JSON is masked.
#[plugin_fn]
pub fn mask(batch: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(serve(batch, |record| match mask::mask(&record.payload) {
        Ok(payload) => Outcome::emit(record.with_payload(payload)),
        Err(error) => Outcome::reject(error.to_string()),
    }))
}

/// Each record goes on as it is.
#[plugin_fn]
pub fn keep(batch: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(serve(batch, |_| Outcome::Keep))
}

/// Each record ends here.
#[plugin_fn]
pub fn drop(batch: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(serve(batch, |_| Outcome::Drop))
}

fn serve(batch: Vec<u8>, transform: impl FnMut(Record) -> Outcome) -> Vec<u8> {
    let records = packing::batch(&batch);
    packing::answer(records.into_iter().map(transform).collect(), batch.len())
}
