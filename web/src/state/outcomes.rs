//! What became of the messages sent from the page, newest first and bounded: on their
//! way, acknowledged and seen by the tail, refused, or failed.

use std::collections::VecDeque;
use std::rc::Rc;

use irongate_proto::irongate_v1::{PublishResult, Violation, publish_result::Outcome as Wire};
use yew::Reducible;

use super::explain::Failure;

/// Older results are forgotten.
pub const OUTCOMES_MAX: usize = 50;

/// How long the tail is given to see a message, in milliseconds.
pub const SEEN_TIMEOUT_MS: u32 = 5000;

/// Whether the tail has seen an acknowledged message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// Not yet.
    Waiting,
    /// This long after sending, in milliseconds.
    After(f64),
    /// Not within [`SEEN_TIMEOUT_MS`].
    TimedOut,
    /// Nobody was watching: the message created a topic that stores nothing.
    Unwatched,
}

/// An acknowledged message.
#[derive(Clone, Debug, PartialEq)]
pub struct Acknowledged {
    /// Time from sending to the answer, in milliseconds.
    pub ack_ms: f64,
    /// The topic, or the partition's own topic.
    pub topic: String,
    /// The partition, where the topic has any.
    pub partition: Option<u32>,
    /// Where it is stored; none on a non-reliable topic.
    pub offset: Option<u64>,
    /// What the schema says against it, under the policy `warn`.
    pub warnings: Rc<[Violation]>,
    /// Whether it has come out at the other end.
    pub seen: Seen,
}

/// What became of one message.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// On its way.
    Sending,
    /// The broker has it.
    Acknowledged(Acknowledged),
    /// The broker said no, or could not be reached.
    Failed(Failure),
}

/// One message and its fate.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The publish time, which names the message within this page.
    pub id: u64,
    /// The topic it was sent to.
    pub topic: Rc<str>,
    /// Its fate.
    pub fate: Fate,
}

/// The latest messages, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcomes {
    /// At most [`OUTCOMES_MAX`].
    pub latest: VecDeque<Outcome>,
}

/// News about a message.
#[derive(Clone, Debug, PartialEq)]
pub enum OutcomeAction {
    /// It has been sent.
    Sent {
        /// Its publish time.
        id: u64,
        /// Its topic.
        topic: Rc<str>,
    },
    /// Its fate is known.
    Decided(u64, Fate),
    /// The tail has seen it, or not.
    Seen(u64, Seen),
    /// The list is emptied.
    Cleared,
}

impl Reducible for Outcomes {
    type Action = OutcomeAction;

    fn reduce(self: Rc<Self>, action: OutcomeAction) -> Rc<Self> {
        let mut latest = self.latest.clone();
        match action {
            OutcomeAction::Sent { id, topic } => {
                latest.push_front(Outcome { id, topic, fate: Fate::Sending });
                latest.truncate(OUTCOMES_MAX);
            }
            OutcomeAction::Decided(id, fate) => {
                if let Some(outcome) = latest.iter_mut().find(|outcome| outcome.id == id) {
                    outcome.fate = fate;
                }
            }
            OutcomeAction::Seen(id, seen) => see(&mut latest, id, seen),
            OutcomeAction::Cleared => latest.clear(),
        }
        Rc::new(Outcomes { latest })
    }
}

fn see(latest: &mut VecDeque<Outcome>, id: u64, seen: Seen) {
    let Some(outcome) = latest.iter_mut().find(|outcome| outcome.id == id) else { return };
    if let Fate::Acknowledged(acknowledged) = &mut outcome.fate {
        // A message that comes late has come after all; one that has come does not go again.
        if !matches!(acknowledged.seen, Seen::After(_)) {
            acknowledged.seen = seen;
        }
    }
}

/// The fate that the broker's answer means.
#[must_use]
pub fn fate(result: Option<PublishResult>, ack_ms: f64) -> Fate {
    match result.and_then(|result| result.outcome) {
        Some(Wire::Published(published)) => Fate::Acknowledged(Acknowledged {
            ack_ms,
            topic: published.topic,
            partition: published.partition,
            offset: published.offset,
            warnings: published.warnings.into(),
            seen: Seen::Waiting,
        }),
        Some(Wire::Refused(refused)) => {
            let code = i32::try_from(refused.code).map_or(tonic::Code::Unknown, tonic::Code::from_i32);
            Fate::Failed(Failure { violations: refused.violations.into(), ..Failure::new(code, refused.message) })
        }
        None => Fate::Failed(Failure::new(tonic::Code::Internal, "the host answered without a result")),
    }
}

#[cfg(test)]
mod tests {
    use irongate_proto::irongate_v1::{Published, Refused};

    use super::*;

    fn published() -> Fate {
        let published = Published {
            topic: "/default/x-part-1".to_owned(),
            partition: Some(1),
            offset: Some(7),
            ..Published::default()
        };
        fate(Some(PublishResult { outcome: Some(Wire::Published(published)) }), 1.5)
    }

    fn after(actions: Vec<OutcomeAction>) -> Rc<Outcomes> {
        actions.into_iter().fold(Rc::default(), |state: Rc<Outcomes>, action| state.reduce(action))
    }

    fn seen(outcomes: &Outcomes) -> Seen {
        match &outcomes.latest[0].fate {
            Fate::Acknowledged(acknowledged) => acknowledged.seen,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_list_is_bounded_and_newest_first() {
        let outcomes = after((0..60).map(|id| OutcomeAction::Sent { id, topic: "/default/x".into() }).collect());
        assert_eq!(outcomes.latest.len(), OUTCOMES_MAX);
        assert_eq!((outcomes.latest[0].id, outcomes.latest[49].id), (59, 10));
    }

    #[test]
    fn a_late_sight_counts_but_a_late_timeout_does_not() {
        let sent =
            vec![OutcomeAction::Sent { id: 1, topic: "/default/x".into() }, OutcomeAction::Decided(1, published())];
        let outcomes = after(sent).reduce(OutcomeAction::Seen(1, Seen::TimedOut));
        assert_eq!(seen(&outcomes), Seen::TimedOut);
        let outcomes = outcomes.reduce(OutcomeAction::Seen(1, Seen::After(6000.0)));
        let outcomes = outcomes.reduce(OutcomeAction::Seen(1, Seen::TimedOut));
        assert_eq!(seen(&outcomes), Seen::After(6000.0));
        let outcomes = outcomes.reduce(OutcomeAction::Seen(99, Seen::TimedOut));
        assert_eq!(outcomes.latest.len(), 1);
    }

    #[test]
    fn answers_become_fates() {
        let Fate::Acknowledged(acknowledged) = published() else { panic!("acknowledged") };
        assert_eq!((acknowledged.partition, acknowledged.offset, acknowledged.ack_ms), (Some(1), Some(7), 1.5));
        let refused = Refused { code: 7, message: "no".to_owned(), violations: vec![Violation::default()] };
        let Fate::Failed(failure) = fate(Some(PublishResult { outcome: Some(Wire::Refused(refused)) }), 1.0) else {
            panic!("failed")
        };
        assert_eq!((failure.code, failure.violations.len()), (tonic::Code::PermissionDenied, 1));
        assert!(matches!(fate(None, 1.0), Fate::Failed(_)));
    }
}
