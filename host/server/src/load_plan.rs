//! What a load from inside the host is: a request held to its limits, and the producer that sends to the broker. Runs
//! nothing.

use crate::limits::LoadLimits;
use irongate_broker::MessageBroker;
use irongate_load::{DUE_ATTRIBUTE, Failure, LoadError, Plan, RATE_MAX, Target};
use irongate_messages::{Facts, Templates, Text};
use irongate_proto::irongate_v1::publish_result::Outcome;
use irongate_proto::irongate_v1::run_load_request::End;
use irongate_proto::irongate_v1::{OutgoingMessage, PublishRequest, RunLoadRequest};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tonic::{Code, Status};

/// How long a run without an end takes, in seconds.
const DURATION_DEFAULT_S: u32 = 10;
/// How many messages of a producer are under way by default, where there is a rate.
const IN_FLIGHT_WITH_RATE: u32 = 100;
/// Messages of a producer that may wait beside those under way, for each of these: the clock's queue is as long.
const HELD_PER_IN_FLIGHT: u64 = 2;

/// A request that is within the limits.
pub(crate) struct Planned {
    pub(crate) plan: Plan,
    pub(crate) message: Arc<Message>,
}

/// What every message of a run is made from.
pub(crate) struct Message {
    /// Without messages.
    envelope: PublishRequest,
    templates: Templates,
    payload: Text,
    /// More would not be held for all that may be under way.
    payload_bytes_max: usize,
}

impl Planned {
    /// Holds a request to its limits.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with the limit that it exceeds, or what is wrong with its payload.
    pub(crate) fn new(request: &RunLoadRequest, limits: &LoadLimits) -> Result<Self, Status> {
        let producers = request.producers.max(1);
        let rate = (request.rate != 0.0).then_some(request.rate);
        let in_flight_default = if rate.is_some() { IN_FLIGHT_WITH_RATE } else { 1 };
        let in_flight = if request.in_flight == 0 { in_flight_default } else { request.in_flight };
        at_most("producers", producers, limits.producers_max)?;
        at_most("messages in flight of a producer", in_flight, limits.in_flight_max)?;
        at_most("bytes of payload template", length(&request.payload), limits.template_bytes_max)?;
        if rate.is_some_and(|rate| !(rate > 0.0 && rate <= RATE_MAX)) {
            let sentence = format!("a rate is a number of messages per second above 0 and at most {RATE_MAX}");
            return Err(Status::invalid_argument(sentence));
        }
        let (count, duration_s) = match request.end {
            Some(End::Count(0) | End::DurationS(0)) => {
                return Err(Status::invalid_argument("a load needs a count or a duration above 0"));
            }
            // A count has an end of its own, but not one that comes for sure.
            Some(End::Count(count)) => (Some(count), limits.duration_max_s),
            Some(End::DurationS(duration_s)) => (None, duration_s),
            None => (None, DURATION_DEFAULT_S),
        };
        at_most("seconds", duration_s, limits.duration_max_s)?;
        let held = u64::from(producers) * u64::from(in_flight) * HELD_PER_IN_FLIGHT;
        let mut templates = Templates::new(0);
        let payload = templates
            .plain_text(&request.payload)
            .map_err(|error| Status::invalid_argument(format!("the payload: {error}")))?;
        let message = Message {
            envelope: PublishRequest {
                topic: request.topic.clone(),
                dispatch_strategy: request.dispatch_strategy,
                partitions: request.partitions,
                schema_ref: request.schema_ref.clone(),
                ..PublishRequest::default()
            },
            templates,
            payload,
            payload_bytes_max: usize::try_from(limits.held_bytes_max / held).unwrap_or(usize::MAX),
        };
        // What fails at the first message would fail at all of them.
        message.payload(1, "load").map_err(|what| Status::invalid_argument(format!("the payload: {what}")))?;
        let duration = Some(Duration::from_secs(duration_s.into()));
        let plan = Plan { rate, in_flight: in_flight as usize, count, duration };
        Ok(Self { plan, message: Arc::new(message) })
    }
}

impl Message {
    fn payload(&self, number: u64, producer: &str) -> Result<Vec<u8>, String> {
        let context = self.templates.context(&Facts { number, producer, row: None });
        let filled = self.templates.fill_within(&self.payload, &context, self.payload_bytes_max);
        filled.map_err(|error| error.to_string())
    }
}

fn length(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

fn at_most(what: &str, asked: u32, limit: u32) -> Result<(), Status> {
    if asked <= limit {
        return Ok(());
    }
    Err(Status::invalid_argument(format!("a load may have at most {limit} {what}, not {asked}; ask for less")))
}

/// One producer of a run, on the broker itself.
#[derive(Clone)]
pub(crate) struct Producer<B> {
    broker: B,
    name: Arc<str>,
    message: Arc<Message>,
    call_messages_max: usize,
}

impl<B: MessageBroker> Producer<B> {
    pub(crate) fn new(broker: B, number: u32, message: Arc<Message>, call_messages_max: usize) -> Self {
        Self { broker, name: format!("load-{number}").into(), message, call_messages_max }
    }
}

impl<B: MessageBroker> Target for Producer<B> {
    type Message = OutgoingMessage;

    fn call_messages_max(&self) -> usize {
        self.call_messages_max
    }

    fn compose(&self, number: u64, due: String) -> Result<OutgoingMessage, LoadError> {
        let payload = self.message.payload(number, &self.name);
        let payload = payload.map_err(|what| LoadError::Compose { what: format!("message {number}: {what}") })?;
        let attributes = HashMap::from([(DUE_ATTRIBUTE.to_owned(), due)]);
        Ok(OutgoingMessage { payload: payload.into(), attributes, ..OutgoingMessage::default() })
    }

    async fn send(&self, messages: Vec<OutgoingMessage>) -> Vec<Option<Failure>> {
        let count = messages.len();
        let producer_name = self.name.to_string();
        let request = PublishRequest { messages, producer_name, ..self.message.envelope.clone() };
        match self.broker.publish(request).await {
            Ok(response) => response.results.into_iter().map(|result| failure(result.outcome)).collect(),
            Err(error) => {
                let failure = Failure { code: code_name(error.code()), message: error.to_string() };
                vec![Some(failure); count]
            }
        }
    }
}

fn failure(outcome: Option<Outcome>) -> Option<Failure> {
    let Some(Outcome::Refused(refused)) = outcome else { return None };
    let code = Code::from_i32(i32::try_from(refused.code).unwrap_or(i32::MAX));
    Some(Failure { code: code_name(code), message: refused.message })
}

/// A gRPC code as the protocol writes it: `PERMISSION_DENIED`.
fn code_name(code: Code) -> String {
    let mut upper = String::new();
    for character in format!("{code:?}").chars() {
        if character.is_uppercase() && !upper.is_empty() {
            upper.push('_');
        }
        upper.push(character.to_ascii_uppercase());
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RunLoadRequest {
        RunLoadRequest { topic: "/default/load".to_owned(), payload: "{{seq}}".to_owned(), ..RunLoadRequest::default() }
    }

    fn refused(change: impl FnOnce(&mut RunLoadRequest)) -> String {
        let mut request = request();
        change(&mut request);
        let status = Planned::new(&request, &LoadLimits::default()).err().expect("refused");
        assert_eq!(status.code(), Code::InvalidArgument);
        status.message().to_owned()
    }

    #[test]
    fn every_limit_is_said() {
        let limits = LoadLimits::default();
        let over = limits.producers_max + 1;
        assert!(refused(|it| it.producers = over).contains("at most 64 producers, not 65"));
        let over = limits.in_flight_max + 1;
        assert!(
            refused(|it| it.in_flight = over).contains("at most 10000 messages in flight of a producer, not 10001")
        );
        let over = limits.duration_max_s + 1;
        assert!(refused(|it| it.end = Some(End::DurationS(over))).contains("at most 3600 seconds, not 3601"));
        let over = "x".repeat(limits.template_bytes_max as usize + 1);
        assert!(refused(|it| it.payload = over).contains("bytes of payload template"));
        assert!(refused(|it| it.rate = -1.0).contains("messages per second"));
        assert!(refused(|it| it.rate = f64::NAN).contains("messages per second"));
        assert!(refused(|it| it.end = Some(End::Count(0))).contains("above 0"));
        assert!(refused(|it| it.payload = "{{nobody}}".to_owned()).contains("not there"));
        assert!(refused(|it| it.payload = "{{ 'x' * 9 }}".to_owned()).contains("more than a name"));
    }

    #[test]
    fn what_may_be_under_way_bounds_the_length_of_a_message() {
        let full = |it: &mut RunLoadRequest| {
            it.producers = 64;
            it.in_flight = 10_000;
            it.payload = "{{random_text(1000)}}".to_owned();
        };
        // 256 MiB for 64 * 10 000 * 2 messages.
        assert!(refused(full).contains("longer than 209 bytes"), "{}", refused(full));
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let Planned { plan, .. } = Planned::new(&request(), &LoadLimits::default()).expect("within");
        assert_eq!(
            (plan.rate, plan.in_flight, plan.count, plan.duration),
            (None, 1, None, Some(Duration::from_secs(10)))
        );
        let with_rate = RunLoadRequest { rate: 5.0, end: Some(End::Count(7)), ..request() };
        let Planned { plan, .. } = Planned::new(&with_rate, &LoadLimits::default()).expect("within");
        assert_eq!(
            (plan.rate, plan.in_flight, plan.count, plan.duration),
            (Some(5.0), 100, Some(7), Some(Duration::from_secs(3600)))
        );
    }
}
