//! Two configurations side by side: the same records through both, nothing written, and what comes out compared record by record. Says what differs,
//! not which is right.

use std::{
    collections::{HashMap, VecDeque},
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
};

use crate::{
    config::PipelineConfig,
    dead_letter::{ERROR_CLASS, STAGE},
    dedup::{DEDUP_ID, ORIGIN},
    engine::{Acknowledger, Arrived, Ended, Outgoing, Pending, PortError, Position, SendError, Source, Target, run},
    error::EngineError,
    load::{Schemas, Stages, plan},
};

/// Records that wait for each configuration, beside those in its own window.
const WAITING_RECORDS_MAX: usize = 16;

/// A configuration that is ready to run.
pub struct Side<'a> {
    /// The configuration.
    pub config: &'a PipelineConfig,
    /// Its stages, configured, with a state of their own.
    pub stages: Stages,
    /// Its schemas.
    pub schemas: &'a Schemas,
}

/// What a record became, as far as it is compared: without what differs between any two runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// The topic that it was for.
    pub topic: String,
    /// The routing key.
    pub key: Option<String>,
    /// The attributes; of a dead letter only its class and its stage.
    pub attributes: Vec<(String, String)>,
    /// The payload.
    pub payload: Bytes,
}

/// One difference: what was there before and what would be there instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The record's place in the source.
    pub position: Position,
    /// Of the first configuration.
    pub before: Option<Output>,
    /// Of the second one.
    pub after: Option<Output>,
}

/// How a comparison ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Records that both have settled.
    pub records: u64,
    /// Those of them with a difference.
    pub differing: u64,
    /// Records that one has not settled in time, by configuration.
    pub unsettled: [u64; 2],
}

/// Runs records through both until the source ends or `stop` resolves, and tells every difference.
///
/// # Errors
/// A stage could not be run at all, or the source is lost.
pub async fn shadow(
    sides: [Side<'_>; 2],
    source: &mut dyn Source,
    stop: impl Future<Output = ()>,
    mut tell: impl FnMut(Difference),
) -> Result<Compared, EngineError> {
    let shared = Arc::<Shared>::default();
    let mut number = 0;
    let runs = sides.map(|side| {
        number += 1;
        Run::start(side, number - 1, &shared)
    });
    let mut stop = pin!(stop);
    let lost = loop {
        shared.take_ready().into_iter().for_each(&mut tell);
        let arrived = tokio::select! {
            biased;
            () = &mut stop => break None,
            () = shared.changed.notified() => continue,
            arrived = source.next() => arrived,
        };
        let arrived = match arrived {
            Ok(Some(arrived)) => arrived,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        let feeding = async {
            let [before, after] = &runs;
            before.records.send(arrived.clone()).await.is_ok() && after.records.send(arrived).await.is_ok()
        };
        tokio::select! {
            biased;
            () = &mut stop => break None,
            // One that is gone says why when it is waited for.
            is_fed = feeding => if !is_fed { break None },
        }
    };
    let mut compared = Compared::default();
    for (run, unsettled) in runs.into_iter().zip(&mut compared.unsettled) {
        *unsettled = run.end().await?.counts.in_flight;
    }
    shared.take_ready().into_iter().for_each(tell);
    let table = shared.lock();
    (compared.records, compared.differing) = (table.records, table.differing);
    lost.map_or(Ok(compared), |error: PortError| Err(error.into()))
}

/// One configuration at work.
struct Run {
    records: mpsc::Sender<Arrived>,
    engine: JoinHandle<Result<Ended, EngineError>>,
}

impl Run {
    fn start(side: Side<'_>, number: usize, shared: &Arc<Shared>) -> Run {
        let (records, arriving) = mpsc::channel(WAITING_RECORDS_MAX);
        let outputs = Arc::new(Outputs { shared: Arc::clone(shared), number, taken: Mutex::default() });
        let dead_letter = side.config.dead_letter.as_ref().map(|dead_letter| dead_letter.topic.clone());
        let plan = plan(side.config, side.stages, side.schemas, |topic| {
            let is_dead_letter = dead_letter.as_deref() == Some(topic);
            Arc::new(Collector { topic: topic.to_owned(), is_dead_letter, outputs: Arc::clone(&outputs) })
        });
        let source = Box::new(Fed { arriving });
        let engine = tokio::spawn(async move { run(plan, source, outputs, std::future::pending()).await });
        Run { records, engine }
    }

    async fn end(self) -> Result<Ended, EngineError> {
        drop(self.records);
        self.engine.await.map_err(|error| EngineError::Lane { reason: error.to_string() })?
    }
}

/// What both have settled, and what only one has: no more than the other's window holds.
#[derive(Default)]
struct Shared {
    table: Mutex<Table>,
    /// There are differences to tell.
    changed: Notify,
}

#[derive(Default)]
struct Table {
    settled: HashMap<Position, [Option<Vec<Output>>; 2]>,
    ready: VecDeque<Difference>,
    records: u64,
    differing: u64,
}

impl Shared {
    fn settle(&self, position: &Position, number: usize, outputs: Vec<Output>) {
        let mut table = self.lock();
        let both = table.settled.entry(position.clone()).or_default();
        both[number] = Some(outputs);
        let [Some(before), Some(after)] = both else { return };
        let found = differences(position, before, after);
        table.settled.remove(position);
        table.records += 1;
        table.differing += u64::from(!found.is_empty());
        if !found.is_empty() {
            table.ready.extend(found);
            self.changed.notify_one();
        }
    }

    fn take_ready(&self) -> VecDeque<Difference> {
        std::mem::take(&mut self.lock().ready)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one record became, topic by topic: the first with the first, the second with the second.
fn differences(position: &Position, before: &[Output], after: &[Output]) -> Vec<Difference> {
    let mut topics: Vec<&str> = before.iter().chain(after).map(|output| output.topic.as_str()).collect();
    topics.sort_unstable();
    topics.dedup();
    let mut found = Vec::new();
    for topic in topics {
        let of = |outputs: &[Output]| outputs.iter().filter(|one| one.topic == topic).cloned().collect::<Vec<_>>();
        let (before, after) = (of(before), of(after));
        for index in 0..before.len().max(after.len()) {
            let (before, after) = (before.get(index).cloned(), after.get(index).cloned());
            if before != after {
                found.push(Difference { position: position.clone(), before, after });
            }
        }
    }
    found
}

/// What the targets of one configuration took, until its record is settled.
struct Outputs {
    shared: Arc<Shared>,
    number: usize,
    taken: Mutex<HashMap<Position, Vec<Output>>>,
}

impl Outputs {
    fn lock(&self) -> MutexGuard<'_, HashMap<Position, Vec<Output>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Acknowledger for Outputs {
    fn acknowledge<'a>(&'a self, position: &'a Position) -> Pending<'a, Result<(), PortError>> {
        Box::pin(async {
            let outputs = self.lock().remove(position).unwrap_or_default();
            self.shared.settle(position, self.number, outputs);
            Ok(())
        })
    }
}

struct Collector {
    topic: String,
    is_dead_letter: bool,
    outputs: Arc<Outputs>,
}

impl Collector {
    fn output(&self, outgoing: &Outgoing) -> Output {
        let is_compared = |name: &str| match self.is_dead_letter {
            true => name == ERROR_CLASS || name == STAGE,
            false => name != DEDUP_ID && name != ORIGIN,
        };
        let attributes = outgoing.attributes.iter().filter(|(name, _)| is_compared(name));
        Output {
            topic: self.topic.clone(),
            key: outgoing.key.clone(),
            attributes: attributes.map(|(name, value)| (name.clone(), value.clone())).collect(),
            payload: outgoing.payload.clone(),
        }
    }
}

impl Target for Collector {
    fn send<'a>(&'a self, batch: &'a [Outgoing]) -> Pending<'a, Vec<Result<(), SendError>>> {
        Box::pin(async move {
            let mut taken = self.outputs.lock();
            for outgoing in batch {
                taken.entry(outgoing.origin.clone()).or_default().push(self.output(outgoing));
            }
            vec![Ok(()); batch.len()]
        })
    }
}

/// The records that are handed over.
struct Fed {
    arriving: mpsc::Receiver<Arrived>,
}

impl Source for Fed {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(async { Ok(self.arriving.recv().await) })
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        // No target of a comparison fails, so nothing is ever let go.
        Box::pin(async { Err(PortError("a comparison gives no record back".to_owned())) })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use irongate_runtime::Record;

    use super::*;
    use crate::config::Format;

    fn config(threshold: u32) -> PipelineConfig {
        let text = format!(
            "[pipeline]\nname = \"p{threshold}\"\nfrom = \"/default/a\"\n[[pipeline.to]]\ntopic = \"/default/b\"\n\
             when = {{ json = \"/n\", above = {threshold} }}\non_error = \"drop\"\n"
        );
        PipelineConfig::parse(&text, Format::Toml, Path::new("")).expect("a pipeline")
    }

    fn records(count: u64) -> Vec<Arrived> {
        let record = |offset| Arrived {
            position: Position { topic: "/default/a".into(), offset },
            record: Record { payload: format!(r#"{{"n":{offset}}}"#).into(), ..Record::default() },
        };
        (0..count).map(record).collect()
    }

    async fn compare(before: u32, after: u32) -> (Compared, Vec<Difference>) {
        let (before, after, schemas) = (config(before), config(after), Schemas::new());
        let side = |config| Side { config, stages: Stages::native(vec![Vec::new()]), schemas: &schemas };
        let mut found = Vec::new();
        let mut source = Ending(records(100).into());
        let sides = [side(&before), side(&after)];
        let compared = shadow(sides, &mut source, std::future::pending(), |difference| found.push(difference)).await;
        (compared.expect("both run"), found)
    }

    struct Ending(VecDeque<Arrived>);

    impl Source for Ending {
        fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
            Box::pin(async { Ok(self.0.pop_front()) })
        }

        fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test]
    async fn the_same_under_another_name_differs_nowhere() {
        let (compared, found) = compare(10, 10).await;
        assert_eq!(compared, Compared { records: 100, differing: 0, unsettled: [0, 0] });
        assert!(found.is_empty(), "{found:?}");
    }

    #[tokio::test]
    async fn each_record_that_one_has_and_the_other_has_not_is_told() {
        let (compared, mut found) = compare(10, 12).await;
        assert_eq!(compared, Compared { records: 100, differing: 2, unsettled: [0, 0] });
        found.sort_by_key(|difference| difference.position.offset);
        let told: Vec<_> = found.iter().map(|one| (one.position.offset, one.after.is_some())).collect();
        assert_eq!(told, [(11, false), (12, false)]);
        assert_eq!(found[0].before.as_ref().map(|output| &output.payload[..]), Some(&br#"{"n":11}"#[..]));
    }

    #[test]
    fn another_order_and_another_number_are_differences() {
        let output = |payload: &'static str| Output {
            topic: "/default/b".to_owned(),
            key: None,
            attributes: Vec::new(),
            payload: payload.into(),
        };
        let position = Position { topic: "/default/a".into(), offset: 0 };
        let one = |before: &[Output], after: &[Output]| differences(&position, before, after).len();
        assert_eq!(one(&[output("1"), output("2")], &[output("2"), output("1")]), 2);
        assert_eq!(one(&[output("1")], &[output("1"), output("2")]), 1);
        assert_eq!(one(&[output("1")], &[output("1")]), 0);
    }
}
