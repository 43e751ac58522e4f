//! What a load is to be, as it is typed: the fields, what is wrong with them, and the request they make. Runs nothing;
//! what is more than the host allows, the host says.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::RunLoadRequest;
use irongate_proto::irongate_v1::run_load_request::End;

use super::schema_choice::{VersionChoice, reference};
use super::topic_facts::TopicFacts;
use super::topic_name;

/// The fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadForm {
    /// Where to.
    pub topic: String,
    /// How many partitions a new topic gets; nothing: it is not partitioned.
    pub partitions: String,
    /// What the messages are made for; empty: the topic's own schema, or none.
    pub subject: String,
    /// Its version.
    pub version: VersionChoice,
    /// The payload, with names in double braces.
    pub payload: String,
    /// Messages per second; nothing: as fast as acknowledged.
    pub rate: String,
    /// How many producers.
    pub producers: String,
    /// Messages under way of each; nothing: as the host has it.
    pub in_flight: String,
    /// Whether `amount` counts messages instead of seconds.
    pub by_count: bool,
    /// How long, or how many.
    pub amount: String,
    /// Reliable or not; `None`: as the topic is.
    pub reliable: Option<bool>,
    /// Whether to read the topic as well.
    pub end_to_end: bool,
}

impl Default for LoadForm {
    fn default() -> LoadForm {
        LoadForm {
            topic: "/default/load".to_owned(),
            partitions: String::new(),
            subject: String::new(),
            version: VersionChoice::Latest,
            payload: "{\"seq\":{{seq}},\"id\":\"{{uuid}}\",\"at\":\"{{now}}\",\"fill\":\"{{random_text(100)}}\"}"
                .to_owned(),
            rate: String::new(),
            producers: "1".to_owned(),
            in_flight: String::new(),
            by_count: false,
            amount: "10".to_owned(),
            reliable: None,
            end_to_end: true,
        }
    }
}

impl LoadForm {
    /// What is wrong with the topic.
    #[must_use]
    pub fn topic_problem(&self) -> Option<String> {
        topic_name::problem(&self.topic)
    }

    /// What is wrong with the partitions. Those of a topic that exists are not asked for.
    #[must_use]
    pub fn partitions_problem(&self, facts: &TopicFacts) -> Option<&'static str> {
        let asked = !matches!(facts, TopicFacts::Exists(_)) && !self.partitions.is_empty();
        (asked && whole(&self.partitions).is_none()).then_some("a whole number from 1, or nothing")
    }

    /// What is wrong with the rate.
    #[must_use]
    pub fn rate_problem(&self) -> Option<&'static str> {
        let good = self.rate.is_empty() || self.rate.parse().is_ok_and(|rate: f64| rate.is_finite() && rate > 0.0);
        (!good).then_some("messages per second, above 0, or nothing")
    }

    /// What is wrong with the number of producers.
    #[must_use]
    pub fn producers_problem(&self) -> Option<&'static str> {
        whole(&self.producers).is_none().then_some("a whole number from 1")
    }

    /// What is wrong with the messages under way.
    #[must_use]
    pub fn in_flight_problem(&self) -> Option<&'static str> {
        (!self.in_flight.is_empty() && whole(&self.in_flight).is_none()).then_some("a whole number from 1, or nothing")
    }

    /// What is wrong with the end.
    #[must_use]
    pub fn amount_problem(&self) -> Option<&'static str> {
        whole(&self.amount).is_none().then_some("a whole number from 1")
    }

    /// The request; nothing, while a field is wrong. A topic that exists says itself how many partitions it has.
    #[must_use]
    pub fn request(&self, facts: &TopicFacts) -> Option<RunLoadRequest> {
        let wrong = [self.rate_problem(), self.in_flight_problem(), self.partitions_problem(facts)];
        if self.topic_problem().is_some() || wrong.iter().any(Option::is_some) {
            return None;
        }
        let partitions = if matches!(facts, TopicFacts::Exists(_)) { None } else { whole(&self.partitions) };
        let amount = whole(&self.amount)?;
        let end = if self.by_count { End::Count(amount.into()) } else { End::DurationS(amount) };
        let strategy =
            |reliable| if reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable } as i32;
        Some(RunLoadRequest {
            topic: self.topic.clone(),
            dispatch_strategy: self.reliable.map(strategy),
            partitions: partitions.unwrap_or(0),
            schema_ref: reference(&self.subject, self.version),
            payload: self.payload.clone(),
            producers: whole(&self.producers)?,
            in_flight: whole(&self.in_flight).unwrap_or(0),
            rate: self.rate.parse().unwrap_or(0.0),
            end: Some(end),
            end_to_end: self.end_to_end,
        })
    }
}

fn whole(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::topic_facts::ExistingTopic;

    #[test]
    fn the_form_as_it_begins_is_a_request() {
        let request = LoadForm::default().request(&TopicFacts::Missing).expect("nothing is wrong");
        assert_eq!((request.rate, request.producers, request.in_flight), (0.0, 1, 0));
        assert_eq!((request.end, request.dispatch_strategy), (Some(End::DurationS(10)), None));
        assert_eq!((request.partitions, request.schema_ref), (0, None));
    }

    #[test]
    fn each_field_says_what_is_wrong_and_nothing_is_sent() {
        let wrong = |change: fn(&mut LoadForm)| {
            let mut form = LoadForm::default();
            change(&mut form);
            assert!(form.request(&TopicFacts::Missing).is_none(), "{form:?}");
            form
        };
        assert!(wrong(|form| form.topic = "load".to_owned()).topic_problem().is_some());
        for rate in ["0", "-1", "fast", "inf", "NaN"] {
            let form = LoadForm { rate: rate.to_owned(), ..LoadForm::default() };
            assert!(form.rate_problem().is_some() && form.request(&TopicFacts::Missing).is_none(), "{rate}");
        }
        assert!(wrong(|form| form.producers.clear()).producers_problem().is_some());
        assert!(wrong(|form| form.in_flight = "1.5".to_owned()).in_flight_problem().is_some());
        assert!(wrong(|form| form.amount = "0".to_owned()).amount_problem().is_some());
        for partitions in ["0", "-1", "many"] {
            let form = LoadForm { partitions: partitions.to_owned(), ..LoadForm::default() };
            assert!(form.partitions_problem(&TopicFacts::Missing).is_some(), "{partitions}");
            assert!(form.request(&TopicFacts::Missing).is_none(), "{partitions}");
        }
    }

    #[test]
    fn a_schema_goes_along_and_partitions_only_to_a_topic_that_is_new() {
        let form = LoadForm {
            partitions: "4".to_owned(),
            subject: "user-events".to_owned(),
            version: VersionChoice::Pinned(2),
            ..LoadForm::default()
        };
        for facts in [TopicFacts::Missing, TopicFacts::Pending, TopicFacts::Unreachable(String::new())] {
            assert_eq!(form.request(&facts).expect("nothing is wrong").partitions, 4, "{facts:?}");
        }
        let there = TopicFacts::Exists(ExistingTopic::default());
        let request = form.request(&there).expect("nothing is wrong");
        assert_eq!((request.partitions, request.schema_ref), (0, reference("user-events", VersionChoice::Pinned(2))));
        assert!(LoadForm { partitions: "many".to_owned(), ..form }.request(&there).is_some(), "it is not asked for");
    }

    #[test]
    fn a_count_and_a_rate_are_asked_for_as_they_are_typed() {
        let form = LoadForm {
            by_count: true,
            amount: "500".to_owned(),
            rate: "12.5".to_owned(),
            reliable: Some(true),
            ..LoadForm::default()
        };
        let request = form.request(&TopicFacts::Missing).expect("nothing is wrong");
        assert_eq!((request.end, request.rate, request.dispatch_strategy), (Some(End::Count(500)), 12.5, Some(1)));
    }
}
