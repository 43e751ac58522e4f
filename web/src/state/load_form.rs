//! What a load is to be, as it is typed: the fields, what is wrong with them, and the request they make. Runs nothing;
//! what is more than the host allows, the host says.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::RunLoadRequest;
use irongate_proto::irongate_v1::run_load_request::End;

use super::topic_name;

/// The fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadForm {
    /// Where to.
    pub topic: String,
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

    /// The request; nothing, while a field is wrong.
    #[must_use]
    pub fn request(&self) -> Option<RunLoadRequest> {
        if self.topic_problem().is_some() || self.rate_problem().is_some() || self.in_flight_problem().is_some() {
            return None;
        }
        let amount = whole(&self.amount)?;
        let end = if self.by_count { End::Count(amount.into()) } else { End::DurationS(amount) };
        let strategy =
            |reliable| if reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable } as i32;
        Some(RunLoadRequest {
            topic: self.topic.clone(),
            dispatch_strategy: self.reliable.map(strategy),
            payload: self.payload.clone(),
            producers: whole(&self.producers)?,
            in_flight: whole(&self.in_flight).unwrap_or(0),
            rate: self.rate.parse().unwrap_or(0.0),
            end: Some(end),
            end_to_end: self.end_to_end,
            ..RunLoadRequest::default()
        })
    }
}

fn whole(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_as_it_begins_is_a_request() {
        let request = LoadForm::default().request().expect("nothing is wrong");
        assert_eq!((request.rate, request.producers, request.in_flight), (0.0, 1, 0));
        assert_eq!((request.end, request.dispatch_strategy), (Some(End::DurationS(10)), None));
    }

    #[test]
    fn each_field_says_what_is_wrong_and_nothing_is_sent() {
        let wrong = |change: fn(&mut LoadForm)| {
            let mut form = LoadForm::default();
            change(&mut form);
            assert!(form.request().is_none(), "{form:?}");
            form
        };
        assert!(wrong(|form| form.topic = "load".to_owned()).topic_problem().is_some());
        for rate in ["0", "-1", "fast", "inf", "NaN"] {
            let form = LoadForm { rate: rate.to_owned(), ..LoadForm::default() };
            assert!(form.rate_problem().is_some() && form.request().is_none(), "{rate}");
        }
        assert!(wrong(|form| form.producers.clear()).producers_problem().is_some());
        assert!(wrong(|form| form.in_flight = "1.5".to_owned()).in_flight_problem().is_some());
        assert!(wrong(|form| form.amount = "0".to_owned()).amount_problem().is_some());
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
        let request = form.request().expect("nothing is wrong");
        assert_eq!((request.end, request.rate, request.dispatch_strategy), (Some(End::Count(500)), 12.5, Some(1)));
    }
}
