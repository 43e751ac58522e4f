//! Pipelines as the host told of them again and again: the last answer, and of those before it what rates and drawings are
//! made of. Asks nobody and has no clock: times are the host's.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use irongate_proto::pipelines_v1::{ListPipelinesResponse, Pipeline};
use yew::Reducible;

use super::explain::Failure;

/// Between two questions, in milliseconds.
pub const PERIOD_MS: u32 = 1_000;
/// What is remembered of a pipeline: five minutes, at one answer a second.
pub const SAMPLES_MAX: usize = 300;
/// A rate is taken over so long, in milliseconds, as soon as that much was watched.
const RATE_SPAN_MS: u64 = 5_000;

/// What one answer said of one pipeline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sample {
    /// When, by the host's clock.
    pub at_ms: u64,
    /// Records settled since the host started.
    pub settled: u64,
    /// Messages written since then.
    pub written: u64,
    /// Dead letters since then.
    pub dead_letters: u64,
    /// Messages of the source that are not settled, where that is known.
    pub backlog: Option<u64>,
}

impl Sample {
    fn of(pipeline: &Pipeline, at_ms: u64) -> Sample {
        Sample {
            at_ms,
            settled: pipeline.records_settled,
            written: pipeline.messages_written,
            dead_letters: pipeline.dead_letters,
            backlog: pipeline.backlog,
        }
    }

    /// Whether this can come after that one: counts fall where the host, or the pipeline, has begun anew.
    fn follows(&self, before: &Sample) -> bool {
        let grown = self.settled >= before.settled && self.written >= before.written;
        self.at_ms > before.at_ms && grown && self.dead_letters >= before.dead_letters
    }
}

/// A count of a sample.
pub type Count = fn(&Sample) -> u64;

/// What is known of the pipelines.
#[derive(Clone, Default)]
pub struct Watched {
    /// What the host said last.
    pub latest: Option<Rc<ListPipelinesResponse>>,
    /// Why it said nothing since.
    pub failure: Option<Failure>,
    samples: BTreeMap<String, VecDeque<Sample>>,
}

impl Reducible for Watched {
    type Action = Result<ListPipelinesResponse, Failure>;

    fn reduce(self: Rc<Self>, answer: Self::Action) -> Rc<Self> {
        let mut next = Rc::unwrap_or_clone(self);
        match answer {
            Ok(answer) => next.take(answer),
            Err(failure) => next.failure = Some(failure),
        }
        Rc::new(next)
    }
}

impl Watched {
    fn take(&mut self, answer: ListPipelinesResponse) {
        self.failure = None;
        // One that is gone is forgotten; of the same name another would begin anew.
        self.samples.retain(|name, _| answer.pipelines.iter().any(|one| one.name == *name));
        for pipeline in &answer.pipelines {
            let samples = self.samples.entry(pipeline.name.clone()).or_default();
            let sample = Sample::of(pipeline, answer.answered_at_ms);
            if samples.back().is_some_and(|before| !sample.follows(before)) {
                samples.clear();
            }
            if samples.len() == SAMPLES_MAX {
                samples.pop_front();
            }
            samples.push_back(sample);
        }
        self.latest = Some(Rc::new(answer));
    }

    /// What was told of a pipeline, oldest first.
    pub fn samples(&self, name: &str) -> impl ExactSizeIterator<Item = &Sample> + Clone {
        self.samples.get(name).map(VecDeque::iter).unwrap_or_default()
    }

    /// Tenths a second of a count over the last seconds; none until there were two answers.
    #[must_use]
    pub fn rate(&self, name: &str, count: Count) -> Option<u64> {
        let samples = self.samples.get(name)?;
        let last = samples.back()?;
        let from = samples.iter().find(|sample| last.at_ms - sample.at_ms <= RATE_SPAN_MS)?;
        tenths_a_second(from, last, count)
    }

    /// The rates between one answer and the next, in tenths a second, each with the time of the later one.
    #[must_use]
    pub fn rates(&self, name: &str, count: Count) -> Vec<(u64, u64)> {
        let (earlier, later) = (self.samples(name), self.samples(name).skip(1));
        let rate = |(from, to): (&Sample, &Sample)| Some((to.at_ms, tenths_a_second(from, to, count)?));
        earlier.zip(later).filter_map(rate).collect()
    }

    /// What lay before it, at each time that is known.
    #[must_use]
    pub fn backlogs(&self, name: &str) -> Vec<(u64, u64)> {
        self.samples(name).filter_map(|sample| Some((sample.at_ms, sample.backlog?))).collect()
    }
}

fn tenths_a_second(from: &Sample, to: &Sample, count: Count) -> Option<u64> {
    let span_ms = to.at_ms.checked_sub(from.at_ms).filter(|span_ms| *span_ms > 0)?;
    Some(((count(to) - count(from)) * 10_000 + span_ms / 2) / span_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(at_ms: u64, settled: u64) -> ListPipelinesResponse {
        let backlog = Some(100_u64.saturating_sub(settled));
        let one = Pipeline { name: "p".into(), records_settled: settled, backlog, ..Pipeline::default() };
        ListPipelinesResponse { pipelines: vec![one], answered_at_ms: at_ms }
    }

    fn watched(answers: impl IntoIterator<Item = (u64, u64)>) -> Watched {
        let mut watched = Watched::default();
        answers.into_iter().for_each(|(at_ms, settled)| watched.take(answer(at_ms, settled)));
        watched
    }

    const SETTLED: Count = |sample| sample.settled;

    #[test]
    fn a_rate_is_what_was_done_in_the_last_seconds() {
        assert_eq!(watched([(0, 10)]).rate("p", SETTLED), None);
        assert_eq!(watched([(0, 10), (1_000, 10)]).rate("p", SETTLED), Some(0));
        assert_eq!(watched([(0, 10), (2_000, 13)]).rate("p", SETTLED), Some(15));
        // What was long before counts no more.
        assert_eq!(watched([(0, 0), (10_000, 1_000), (11_000, 1_001), (15_000, 1_005)]).rate("p", SETTLED), Some(10));
        // After a gap there is one answer within the span.
        assert_eq!(watched([(0, 0), (60_000, 50)]).rate("p", SETTLED), None);
        assert_eq!(watched([(0, 0)]).rate("q", SETTLED), None);
    }

    #[test]
    fn a_host_that_began_anew_is_no_negative_rate() {
        let watched = watched([(0, 500), (1_000, 700), (2_000, 3), (3_000, 5)]);
        assert_eq!((watched.rate("p", SETTLED), watched.rates("p", SETTLED)), (Some(20), vec![(3_000, 20)]));
        assert_eq!(watched.backlogs("p"), [(2_000, 97), (3_000, 95)]);
    }

    #[test]
    fn no_more_is_remembered_than_is_drawn_and_nothing_of_what_is_gone() {
        let long = watched((0..1_000).map(|second| (second * 1_000, second)));
        assert_eq!((long.samples("p").len(), long.samples("p").next().unwrap().at_ms), (SAMPLES_MAX, 700_000));
        let gone = Rc::new(long).reduce(Ok(ListPipelinesResponse::default()));
        assert!(gone.samples.is_empty());
    }

    #[test]
    fn a_host_that_is_not_reached_leaves_what_it_said_last() {
        let known = Rc::new(watched([(0, 1)]));
        let lost = known.reduce(Err(Failure::new(tonic::Code::Unavailable, "gone")));
        assert!(lost.failure.is_some() && lost.latest.is_some());
        assert!(lost.reduce(Ok(answer(5, 2))).failure.is_none());
    }
}
