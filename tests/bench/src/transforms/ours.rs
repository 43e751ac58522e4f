//! Transforms in `irongate-runtime` as the host configures it: its engine's settings, its limits, its pool of instances, time limits by epochs.

use std::{hint::black_box, sync::Arc};

use anyhow::ensure;
use irongate_runtime::{Grants, Limits, MemoryState, Plugin, Record, Runtime, RuntimeConfig, Transform};

use super::{
    clock::time,
    native,
    records::{Work, attribute, key, payload},
};

/// A loaded component, and one configured transform for each kind of work.
pub struct Ours {
    runtime: Runtime,
    bytes: Vec<u8>,
    plugin: Plugin,
    transforms: [Transform; 4],
}

impl Ours {
    /// Loads the component, with a cache in this folder.
    ///
    /// # Errors
    /// It does not load.
    pub fn new(bytes: Vec<u8>, cache_folder: &std::path::Path) -> anyhow::Result<Ours> {
        let config = RuntimeConfig { cache_folder: Some(cache_folder.to_owned()), ..RuntimeConfig::default() };
        let runtime = Runtime::new(config)?;
        let plugin = runtime.load(&bytes)?;
        let [identity, mask, keep, drop] = Work::ALL.map(|work| configure(&plugin, work));
        Ok(Ours { runtime, bytes, plugin, transforms: [identity?, mask?, keep?, drop?] })
    }

    /// Whether the guest does the same as the native function.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&mut self, batch: &[Record]) -> anyhow::Result<()> {
        for (work, transform) in Work::ALL.into_iter().zip(&mut self.transforms) {
            let native: Vec<_> =
                batch.iter().map(|record| native::serve(work, record)).collect::<anyhow::Result<_>>()?;
            ensure!(transform.transform(batch)?.outcomes == native, "{} differs from the native function", work.name());
        }
        Ok(())
    }

    /// The work on a batch, microseconds for each record.
    ///
    /// # Errors
    /// The host fails.
    pub fn measure(&mut self, work: Work, batch: &[Record]) -> anyhow::Result<f64> {
        let transform = &mut self.transforms[work as usize];
        time(batch.len(), || {
            black_box(transform.transform(black_box(batch))?);
            Ok(())
        })
    }

    /// Making a configured instance and throwing it away, in microseconds.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn measure_instance(&self) -> anyhow::Result<f64> {
        time(1, || configure(&self.plugin, Work::Identity).map(|transform| drop(black_box(transform))))
    }

    /// Loading the component, whose compiled code is in the cache, in microseconds.
    ///
    /// # Errors
    /// It does not load, or was compiled anew.
    pub fn measure_load(&self) -> anyhow::Result<f64> {
        time(1, || {
            let plugin = black_box(self.runtime.load(&self.bytes)?);
            ensure!(plugin.was_cached(), "the compiled component was not taken from the cache");
            Ok(())
        })
    }
}

fn configure(plugin: &Plugin, work: Work) -> anyhow::Result<Transform> {
    let configuration = format!(r#"{{"work":"{}"}}"#, work.name());
    let state = Arc::new(MemoryState::default());
    Ok(plugin.configure(&configuration, Limits::default(), Grants::default(), state)?)
}

/// So many records.
pub fn batch(records: usize) -> Vec<Record> {
    let record = |number: usize| Record {
        topic: "/default/orders".to_owned(),
        partition: Some(0),
        offset: Some(number as u64),
        key: Some(key(number)),
        attributes: vec![attribute(number)],
        publish_time_ms: 1_700_000_000_000 + number as u64,
        payload: payload(number).into(),
        ..Record::default()
    };
    (0..records).map(record).collect()
}

#[test]
fn a_record_is_json_of_the_size_that_is_told() {
    for record in batch(3) {
        assert_eq!(record.payload.len(), super::records::PAYLOAD_BYTES);
        serde_json::from_slice::<serde_json::Value>(&record.payload).unwrap();
    }
}
