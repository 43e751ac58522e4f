//! What each pipeline has done since the host started, over its restarts, pauses and versions, and how it is going. Writes nothing down: a host that
//! starts anew counts anew.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use irongate_broker::Broker;
use irongate_pipeline::{Books, Counts, PipelineConfig, Plan};
use irongate_proto::{
    irongate_v1::DescribeTopicRequest,
    pipelines_v1::{Pipeline, pipeline::State},
};

/// What a deployed pipeline has done since the host started. Of the counts none but `in_flight` ever becomes smaller.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The pipeline's name.
    pub name: String,
    /// Whether it runs now.
    pub is_running: bool,
    /// What became of its records. Those that were in flight when a run failed count as given back: they come again.
    pub counts: Counts,
    /// Messages written to its targets, its dead letters not counted.
    pub written: u64,
    /// How often it failed and was started again.
    pub restarts: u64,
    /// How often a version was taken back because its stages did not work.
    pub returns: u64,
    /// Messages of its source that are not settled; none where the source or the subscription is not there.
    pub lag: Option<u64>,
}

/// The ledgers of all pipelines of a host, by name.
#[derive(Default)]
pub(crate) struct Ledgers {
    by_name: Mutex<BTreeMap<String, Arc<Ledger>>>,
}

impl Ledgers {
    /// The ledger of a pipeline, which is begun where there is none.
    pub(crate) fn of(&self, name: &str) -> Arc<Ledger> {
        Arc::clone(lock(&self.by_name).entry(name.to_owned()).or_default())
    }

    pub(crate) fn forget(&self, name: &str) {
        lock(&self.by_name).remove(name);
    }

    /// Names of the pipelines that read a topic.
    pub(crate) fn readers(&self, topic: &str) -> Vec<String> {
        let ledgers = lock(&self.by_name).clone();
        let reads = |ledger: &Ledger| lock(&ledger.pages).reads.as_ref().is_some_and(|(source, _)| source == topic);
        ledgers.into_iter().filter(|(_, ledger)| reads(ledger)).map(|(name, _)| name).collect()
    }

    pub(crate) fn figures(&self, broker: &Broker) -> Vec<Figures> {
        let ledgers = lock(&self.by_name).clone();
        ledgers.into_iter().map(|(name, ledger)| ledger.figures(name, broker)).collect()
    }
}

/// One pipeline's.
#[derive(Default)]
pub(crate) struct Ledger {
    pages: Mutex<Pages>,
    written: AtomicU64,
    restarts: AtomicU64,
    returns: AtomicU64,
}

#[derive(Default)]
struct Pages {
    state: State,
    failure: String,
    /// When it is started again after that, in milliseconds since the epoch; 0: not by itself.
    restarts_at_ms: u64,
    /// Source and subscription.
    reads: Option<(String, String)>,
    /// Messages written to each topic that is a target now.
    written_to: BTreeMap<String, u64>,
    /// Records that came out of each stage that is there now: in the runs before this one, and in this one.
    made_before: BTreeMap<String, u64>,
    making: Vec<(String, Arc<AtomicU64>)>,
    /// What the runs before this one did.
    before: Counts,
    books: Option<Books>,
}

impl Pages {
    fn counts(&self) -> Counts {
        self.books.as_ref().map_or(self.before, |books| self.before + books.counts())
    }

    fn made(&self, stage: &str) -> u64 {
        let now = self.making.iter().filter(|(id, _)| id == stage).map(|(_, made)| made.load(Ordering::Relaxed));
        self.made_before.get(stage).copied().unwrap_or_default() + now.sum::<u64>()
    }
}

impl Ledger {
    /// What the pipeline reads, now that this version is in place.
    pub(crate) fn reads(&self, config: &PipelineConfig) {
        let mut pages = lock(&self.pages);
        pages.reads = Some((config.from.clone(), config.subscription.clone()));
        (pages.state, pages.failure) = (State::Starting, String::new());
        let before = std::mem::take(&mut pages.written_to);
        let count = |topic: &String| (topic.clone(), before.get(topic).copied().unwrap_or_default());
        pages.written_to = config.targets.iter().map(|target| count(&target.topic)).collect();
        pages.made_before = config.stages.iter().map(|stage| (stage.id.clone(), pages.made(&stage.id))).collect();
        pages.making.clear();
    }

    pub(crate) fn has_taken_back(&self) {
        self.returns.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn has_begun(&self, plan: &Plan) {
        let books = plan.books();
        let mut pages = lock(&self.pages);
        pages.making = plan.stage_outputs().collect();
        (pages.state, pages.failure, pages.books) = (State::Running, String::new(), Some(books));
    }

    pub(crate) fn has_ended(&self) {
        let mut pages = lock(&self.pages);
        pages.before = pages.counts();
        // Nothing of it is in work any more, and it comes again.
        pages.before.given_back += std::mem::take(&mut pages.before.in_flight);
        pages.books = None;
        pages.made_before = pages.making.iter().map(|(stage, _)| (stage.clone(), pages.made(stage))).collect();
        pages.making.clear();
    }

    /// It is started again at that time, in milliseconds since the epoch; 0: not by itself.
    pub(crate) fn has_failed(&self, failure: String, restarts_at_ms: u64) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
        let mut pages = lock(&self.pages);
        (pages.state, pages.failure, pages.restarts_at_ms) = (State::Failed, failure, restarts_at_ms);
    }

    /// A message was written to each of these, dead letters left out.
    pub(crate) fn has_written<'a>(&self, topics: impl Iterator<Item = &'a String>) {
        let mut pages = lock(&self.pages);
        for topic in topics {
            self.written.fetch_add(1, Ordering::Relaxed);
            pages.written_to.get_mut(topic).into_iter().for_each(|count| *count += 1);
        }
    }

    /// Fills in how it is going.
    pub(crate) fn describe_state(&self, pipeline: &mut Pipeline) {
        let pages = lock(&self.pages);
        pipeline.set_state(pages.state);
        pipeline.restarts_at_ms = if pages.state == State::Failed { pages.restarts_at_ms } else { 0 };
        pipeline.failure.clone_from(&pages.failure);
    }

    /// Fills in what it has done and what lies before it.
    pub(crate) fn describe_counts(&self, pipeline: &mut Pipeline, broker: &Broker) {
        let (counts, reads) = {
            let pages = lock(&self.pages);
            for stage in &mut pipeline.stages {
                stage.records_out = pages.made(&stage.id);
            }
            for target in &mut pipeline.targets {
                target.messages_written = pages.written_to.get(&target.topic).copied().unwrap_or_default();
            }
            (pages.counts(), pages.reads.clone())
        };
        pipeline.records_read = counts.read;
        pipeline.records_settled = counts.delivered + counts.filtered + counts.dropped + counts.dead_lettered;
        pipeline.records_filtered = counts.filtered;
        pipeline.records_dropped = counts.dropped;
        pipeline.records_in_flight = counts.in_flight;
        pipeline.backlog = reads.and_then(|(topic, subscription)| lag(broker, topic, &subscription));
        pipeline.restarts = self.restarts.load(Ordering::Relaxed);
        pipeline.messages_written = self.written.load(Ordering::Relaxed);
        pipeline.dead_letters = counts.dead_lettered;
    }

    fn figures(&self, name: String, broker: &Broker) -> Figures {
        let (reads, counts, is_running) = {
            let pages = lock(&self.pages);
            (pages.reads.clone(), pages.counts(), pages.books.is_some())
        };
        Figures {
            name,
            is_running,
            counts,
            written: self.written.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
            returns: self.returns.load(Ordering::Relaxed),
            lag: reads.and_then(|(topic, subscription)| lag(broker, topic, &subscription)),
        }
    }
}

fn lag(broker: &Broker, topic: String, subscription: &str) -> Option<u64> {
    let described = broker.describe_topic(DescribeTopicRequest { topic }).ok()?;
    let of_this = described.subscriptions.iter().filter(|one| one.name == subscription);
    of_this.map(|one| one.backlog_count).reduce(|sum, more| sum + more)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
