//! Extism: a plug-in called with a packed batch, as its users would do it. Its settings are the defaults, without WASI, which the plug-in does not need.

use std::{hint::black_box, path::Path};

use anyhow::{Context, ensure};
use extism::{Manifest, Plugin, Wasm};

use crate::{
    Engine,
    clock::time,
    mask,
    packing::{self, Outcome, Record},
    records::Work,
};

/// A plug-in.
pub struct Extism {
    plugin: Plugin,
}

impl Extism {
    /// Loads the guest and compares what it does with the native function.
    ///
    /// # Errors
    /// It does not load, or does something else.
    pub fn new(guests: &Path) -> anyhow::Result<Extism> {
        let wasm = std::fs::read(guests.join("extism_guest.wasm")).context("Extism's guest")?;
        let plugin = Plugin::new(Manifest::new([Wasm::data(wasm)]), [], false).context("Extism's plug-in")?;
        let mut extism = Extism { plugin };
        let batch = packing::batch(3);
        for work in Work::ALL {
            let native: Vec<Outcome> =
                batch.iter().map(|record| native(work, record)).collect::<anyhow::Result<_>>()?;
            let outcomes = extism.serve(work, &batch, &mut Vec::new())?;
            ensure!(outcomes == native, "Extism's {} differs from the native function", work.name());
        }
        Ok(extism)
    }

    fn serve(&mut self, work: Work, batch: &[Record], buffer: &mut Vec<u8>) -> anyhow::Result<Vec<Outcome>> {
        packing::pack(batch, buffer);
        packing::unpack(self.plugin.call::<&[u8], &[u8]>(work.name(), buffer)?)
    }
}

impl Engine for Extism {
    fn measure(&mut self, work: Work, batch: usize) -> anyhow::Result<f64> {
        let batch = packing::batch(batch);
        let mut buffer = Vec::new();
        time(batch.len(), || {
            black_box(self.serve(work, black_box(&batch), &mut buffer)?);
            Ok(())
        })
    }
}

fn native(work: Work, record: &Record) -> anyhow::Result<Outcome> {
    let emit = |payload| Outcome::Emit(vec![Record { topic: String::new(), payload, ..record.clone() }]);
    Ok(match work {
        Work::Identity => emit(record.payload.clone()),
        Work::Mask => emit(mask::mask(&record.payload).context("the payload is JSON")?),
        Work::Keep => Outcome::Keep,
        Work::Drop => Outcome::Drop,
    })
}
