//! The measurement of transforms: what the host's boundary costs a record, next to the same function natively and to other engines that run WebAssembly
//! over records. Without topics: pipelines have a section of their own.

mod clock;
mod engines;
#[path = "../../../../plugins/bench/src/mask.rs"]
mod mask;
mod native;
mod ours;
mod records;
mod report;

pub use report::markdown;

use anyhow::Context;
use engines::Engines;
use ours::Ours;
use records::Work;

/// Records in one call.
pub const BATCHES: [usize; 3] = [1, 16, 256];

/// How often everything is measured.
pub const ROUNDS: usize = 25;

/// The guest, built by `cargo xtask bench`.
const COMPONENT: &str = "IRONGATE_BENCH_COMPONENT";

/// What one contender does to batches of one size: microseconds for each record, one entry per round.
#[derive(Clone, Debug)]
pub struct Case {
    contender: Contender,
    work: Work,
    batch: usize,
    us: Vec<f64>,
}

/// Who does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The function itself.
    Native,
    /// A component in the host's runtime.
    Irongate,
    /// A plug-in of Extism.
    Extism,
    /// A SmartModule in Fluvio's SmartEngine.
    Fluvio,
}

impl Contender {
    const ALL: [Contender; 4] = [Contender::Native, Contender::Irongate, Contender::Extism, Contender::Fluvio];
}

/// Everything that was measured, in microseconds, one entry per round.
#[derive(Debug, Default)]
pub struct Measured {
    /// The work on records.
    pub cases: Vec<Case>,
    /// A payload in and out.
    pub copy: Vec<f64>,
    /// A configured instance.
    pub instance: Vec<f64>,
    /// Loading from the cache.
    pub load: Vec<f64>,
}

/// Runs all rounds.
///
/// # Errors
/// The component does not load, or does something else than the native function.
pub fn measure() -> anyhow::Result<Measured> {
    let component = std::env::var_os(COMPONENT)
        .with_context(|| format!("{COMPONENT} names the guest's component; `cargo xtask bench transforms` sets it"))?;
    let component = std::fs::read(component).context("the guest's component")?;
    let cache = tempfile::tempdir().context("a folder for the cache")?;
    let mut ours = Ours::new(component, cache.path())?;
    let batches = BATCHES.map(ours::batch);
    ours.check(&batches[1])?;
    let mut engines = Engines::start()?;
    let mut measured = Measured::default();
    let is_other = |contender: &Contender| matches!(contender, Contender::Extism | Contender::Fluvio);
    for contender in Contender::ALL.into_iter().filter(|contender| engines.is_some() || !is_other(contender)) {
        for work in Work::ALL {
            measured.cases.extend(BATCHES.map(|batch| Case { contender, work, batch, us: Vec::new() }));
        }
    }
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        for case in &mut measured.cases {
            let batch = batches.iter().find(|batch| batch.len() == case.batch).context("a batch of each size")?;
            case.us.push(match (case.contender, &mut engines) {
                (Contender::Native, _) => native::measure(case.work, batch)?,
                (Contender::Extism, Some(engines)) => engines.measure("extism", case.work, case.batch)?,
                (Contender::Fluvio, Some(engines)) => engines.measure("fluvio", case.work, case.batch)?,
                _ => ours.measure(case.work, batch)?,
            });
        }
        measured.copy.push(native::measure_copy(&batches[1])?);
        measured.instance.push(ours.measure_instance()?);
        measured.load.push(ours.measure_load()?);
    }
    Ok(measured)
}
