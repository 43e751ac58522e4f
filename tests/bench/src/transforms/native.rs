//! The same work without WebAssembly: what a transform costs at least. Owned records come out, as they do of the host.

use std::hint::black_box;

use anyhow::Context;
use irongate_runtime::{Outcome, OutputRecord, Record};

use super::{
    clock::time,
    mask,
    records::{PAYLOAD_BYTES, Work},
};

/// The work on a batch, microseconds for each record.
pub fn measure(work: Work, batch: &[Record]) -> anyhow::Result<f64> {
    time(batch.len(), || {
        let outcomes: anyhow::Result<Vec<Outcome>> =
            black_box(batch).iter().map(|record| serve(work, record)).collect();
        black_box(outcomes?);
        Ok(())
    })
}

/// What becomes of one record.
pub fn serve(work: Work, record: &Record) -> anyhow::Result<Outcome> {
    Ok(match work {
        Work::Identity => emit(record, record.payload.to_vec()),
        Work::Mask => emit(record, mask::mask(&record.payload).context("the payload is JSON")?),
        Work::Keep => Outcome::Keep,
        Work::Drop => Outcome::Drop,
    })
}

fn emit(record: &Record, payload: Vec<u8>) -> Outcome {
    let (key, attributes) = (record.key.clone(), record.attributes.clone());
    Outcome::Emit(vec![OutputRecord { key, attributes, payload: payload.into(), ..OutputRecord::default() }])
}

/// A payload copied to where a guest would read it and back, and nothing else.
pub fn measure_copy(batch: &[Record]) -> anyhow::Result<f64> {
    let mut inside = vec![0; PAYLOAD_BYTES];
    let mut outside = vec![0; PAYLOAD_BYTES];
    time(batch.len(), || {
        for record in black_box(batch) {
            inside.copy_from_slice(&record.payload);
            black_box(&mut inside);
            outside.copy_from_slice(&inside);
            black_box(&mut outside);
        }
        Ok(())
    })
}
