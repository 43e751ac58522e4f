//! What happens to a message that is not acknowledged: when it is delivered again, how
//! often, and what becomes of it then. A policy and its bounds; nothing is delivered here.

use crate::names::TopicName;
use crate::{BrokerError, Limits};
use irongate_proto::danube_admin::{
    SubscriptionBackoffStrategy as Backoff, SubscriptionFailurePolicy, SubscriptionPoisonPolicy as Poison,
};
use std::time::Duration;

/// As in Danube, where nothing was set.
const REDELIVERIES_MAX: u32 = 5;
const DELAY_FIRST: Duration = Duration::from_secs(1);
const DELAY_LAST: Duration = Duration::from_secs(60);

/// What becomes of a message that failed more often than it may be delivered again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes to this topic, then the subscription goes on.
    DeadLetter(TopicName),
    /// The subscription, or on a key-shared one the key, stands still.
    Block,
    /// The subscription passes it over.
    Drop,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FailurePolicy {
    pub(crate) redeliveries_max: u32,
    pub(crate) ack_timeout: Duration,
    delay_first: Duration,
    delay_last: Duration,
    backoff: Backoff,
    pub(crate) fate: Fate,
}

impl FailurePolicy {
    /// Where nothing was set.
    pub(crate) fn standard(limits: &Limits) -> Self {
        Self {
            redeliveries_max: REDELIVERIES_MAX,
            ack_timeout: Duration::from_millis(limits.ack_timeout_ms),
            delay_first: DELAY_FIRST,
            delay_last: DELAY_LAST,
            backoff: Backoff::Exponential,
            fate: Fate::Block,
        }
    }

    /// A policy as it was asked for.
    pub(crate) fn parse(policy: &SubscriptionFailurePolicy, limits: &Limits) -> Result<Self, BrokerError> {
        let backoff = Backoff::try_from(policy.backoff_strategy);
        let backoff = backoff.map_err(|_| unknown("backoff strategy", policy.backoff_strategy, "0 or 1"))?;
        let poison = Poison::try_from(policy.poison_policy);
        let poison = poison.map_err(|_| unknown("poison policy", policy.poison_policy, "0, 1 or 2"))?;
        if policy.ack_timeout_ms == 0 || policy.ack_timeout_ms > limits.ack_timeout_max_ms {
            return Err(invalid(format!(
                "the ack timeout of {} ms must be between 1 and {} ms",
                policy.ack_timeout_ms, limits.ack_timeout_max_ms
            )));
        }
        let (first_ms, last_ms) = (policy.base_redelivery_delay_ms, policy.max_redelivery_delay_ms);
        if last_ms > limits.nack_delay_max_ms {
            return Err(invalid(format!(
                "the longest redelivery delay of {last_ms} ms must be at most {} ms",
                limits.nack_delay_max_ms
            )));
        }
        if first_ms > last_ms {
            return Err(invalid(format!(
                "the first redelivery delay of {first_ms} ms is longer than the longest, {last_ms} ms"
            )));
        }
        let dead_letter = policy.dead_letter_topic.as_deref().filter(|topic| !topic.is_empty());
        let dead_letter = dead_letter.map(|topic| TopicName::parse(topic, limits)).transpose()?;
        let fate = match (poison, dead_letter) {
            (Poison::DeadLetter, Some(topic)) => Fate::DeadLetter(topic),
            (Poison::DeadLetter, None) => {
                return Err(invalid("the poison policy dead_letter needs a dead letter topic".to_owned()));
            }
            (Poison::Block, _) => Fate::Block,
            (Poison::Drop, _) => Fate::Drop,
        };
        Ok(Self {
            redeliveries_max: policy.max_redelivery_count,
            ack_timeout: Duration::from_millis(policy.ack_timeout_ms),
            delay_first: Duration::from_millis(first_ms),
            delay_last: Duration::from_millis(last_ms),
            backoff,
            fate,
        })
    }

    /// How long a message waits that failed so often.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        let doublings = match self.backoff {
            Backoff::Fixed => 0,
            Backoff::Exponential => failures.saturating_sub(1).min(31),
        };
        self.delay_first.saturating_mul(1 << doublings).min(self.delay_last)
    }
}

fn unknown(what: &str, value: i32, known: &str) -> BrokerError {
    invalid(format!("the {what} {value} is unknown, it must be {known}"))
}

fn invalid(what: String) -> BrokerError {
    BrokerError::InvalidArgument { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> SubscriptionFailurePolicy {
        SubscriptionFailurePolicy {
            max_redelivery_count: 2,
            ack_timeout_ms: 100,
            base_redelivery_delay_ms: 10,
            max_redelivery_delay_ms: 70,
            backoff_strategy: Backoff::Exponential as i32,
            dead_letter_topic: Some("/default/dead".to_owned()),
            poison_policy: Poison::DeadLetter as i32,
        }
    }

    #[test]
    fn delays_double_up_to_the_longest_or_stay() {
        let limits = Limits::default();
        let doubling = FailurePolicy::parse(&policy(), &limits).unwrap();
        let delays: Vec<u128> = (1..=5).map(|failures| doubling.delay(failures).as_millis()).collect();
        assert_eq!(delays, [10, 20, 40, 70, 70]);
        let fixed = SubscriptionFailurePolicy { backoff_strategy: Backoff::Fixed as i32, ..policy() };
        let fixed = FailurePolicy::parse(&fixed, &limits).unwrap();
        assert_eq!((fixed.delay(1).as_millis(), fixed.delay(9).as_millis()), (10, 10));
        assert_eq!(FailurePolicy::standard(&limits).delay(u32::MAX), DELAY_LAST);
    }

    #[test]
    fn a_policy_that_makes_no_sense_is_refused_in_a_sentence() {
        let limits = Limits { ack_timeout_max_ms: 1000, nack_delay_max_ms: 500, ..Limits::default() };
        type Change<'a> = &'a dyn Fn(&mut SubscriptionFailurePolicy);
        let refused = |change: Change| {
            let mut policy = policy();
            change(&mut policy);
            FailurePolicy::parse(&policy, &limits).unwrap_err().to_string()
        };
        let table: [(Change, &str); 8] = [
            (&|policy| policy.backoff_strategy = 7, "the backoff strategy 7 is unknown, it must be 0 or 1"),
            (&|policy| policy.poison_policy = 7, "the poison policy 7 is unknown, it must be 0, 1 or 2"),
            (&|policy| policy.ack_timeout_ms = 0, "the ack timeout of 0 ms must be between 1 and 1000 ms"),
            (&|policy| policy.ack_timeout_ms = 1001, "the ack timeout of 1001 ms must be between 1 and 1000 ms"),
            (
                &|policy| policy.max_redelivery_delay_ms = 501,
                "the longest redelivery delay of 501 ms must be at most 500 ms",
            ),
            (
                &|policy| policy.base_redelivery_delay_ms = 71,
                "the first redelivery delay of 71 ms is longer than the longest, 70 ms",
            ),
            (&|policy| policy.dead_letter_topic = None, "the poison policy dead_letter needs a dead letter topic"),
            (
                &|policy| policy.dead_letter_topic = Some("dead".to_owned()),
                "The topic: dead has an invalid format, should be: /namespace_name/topic_name \
                 (letters, digits, _ and -, at most 255 bytes)",
            ),
        ];
        for (change, sentence) in table {
            assert_eq!(refused(change), sentence);
        }
    }
}
