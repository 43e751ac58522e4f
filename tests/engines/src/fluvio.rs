//! Fluvio's SmartEngine: a chain of one SmartModule, given records as the broker gives them. Its input owns what it is made of, so a copy of the records is
//! part of every call.

use std::{hint::black_box, path::Path};

use anyhow::{Context, ensure};
use fluvio_smartengine::{SmartEngine, SmartModuleChainBuilder, SmartModuleChainInstance, SmartModuleConfig};
use fluvio_smartmodule::{Record, dataplane::smartmodule::SmartModuleInput};

use crate::{
    Engine,
    clock::time,
    mask,
    records::{Work, key, payload},
};

/// The newest version of the protocol between engine and SmartModule.
const VERSION: i16 = 22;

/// A chain for each kind of work.
pub struct Fluvio {
    chains: [SmartModuleChainInstance; 4],
}

impl Fluvio {
    /// Loads the guests and compares what they do with the native function.
    ///
    /// # Errors
    /// One does not load, or does something else.
    pub fn new(guests: &Path) -> anyhow::Result<Fluvio> {
        let engine = SmartEngine::new();
        let [identity, mask, keep, drop] = Work::ALL.map(|work| chain(&engine, guests, work));
        let mut fluvio = Fluvio { chains: [identity?, mask?, keep?, drop?] };
        let batch = batch(3);
        for work in Work::ALL {
            let values: Vec<Vec<u8>> =
                fluvio.serve(work, &batch)?.iter().map(|record| record.value.as_ref().to_vec()).collect();
            let native: Vec<Vec<u8>> = match work {
                Work::Identity | Work::Keep => batch.iter().map(|record| record.value.as_ref().to_vec()).collect(),
                Work::Mask => batch.iter().map(|record| mask::mask(record.value.as_ref())).collect::<Result<_, _>>()?,
                Work::Drop => Vec::new(),
            };
            ensure!(values == native, "Fluvio's {} differs from the native function", work.name());
        }
        Ok(fluvio)
    }

    fn serve(&mut self, work: Work, batch: &[Record]) -> anyhow::Result<Vec<Record>> {
        let input = SmartModuleInput::try_from_records(batch.to_vec(), VERSION).context("a batch for Fluvio")?;
        let output = self.chains[work as usize].process(input)?;
        ensure!(output.error.is_none(), "Fluvio's {} fails: {:?}", work.name(), output.error);
        Ok(output.successes)
    }
}

impl Engine for Fluvio {
    fn measure(&mut self, work: Work, records: usize) -> anyhow::Result<f64> {
        let batch = batch(records);
        time(records, || {
            black_box(self.serve(work, black_box(&batch))?);
            Ok(())
        })
    }
}

fn chain(engine: &SmartEngine, guests: &Path, work: Work) -> anyhow::Result<SmartModuleChainInstance> {
    let name = work.name();
    let wasm = std::fs::read(guests.join("examples").join(format!("{name}.wasm"))).context("Fluvio's guest")?;
    let config = SmartModuleConfig::builder().smartmodule_names(&[name.to_owned()]).build()?;
    let mut builder = SmartModuleChainBuilder::default();
    builder.add_smart_module(config, wasm);
    builder.initialize(engine)
}

fn batch(records: usize) -> Vec<Record> {
    (0..records).map(|number| Record::new_key_value(key(number), payload(number))).collect()
}
