//! Sending from the Produce page: asks the gate, waits for the check where it must, has a person asked on production, sends,
//! and follows the message until the tail has seen it.

use std::rc::Rc;

use bytes::Bytes;
use gloo_timers::future::TimeoutFuture;
use irongate_proto::irongate_v1::PublishRequest;
use yew::prelude::*;

use super::use_watch::Watch;
use crate::api;
use crate::archive;
use crate::browser;
use crate::state::check::Wire;
use crate::state::form::ProduceForm;
use crate::state::gate::Gate;
use crate::state::history::Record;
use crate::state::outcomes::{Acknowledged, Fate, OutcomeAction, Outcomes, SEEN_TIMEOUT_MS, Seen, fate};
use crate::state::topic_facts::TopicFacts;

/// How often the watch is asked for a message, in milliseconds.
const LOOK_MS: u32 = 10;

/// All that sending needs to know.
#[derive(Clone, PartialEq)]
pub struct Sending {
    /// The form as it is.
    pub form: Rc<ProduceForm>,
    /// What travels when the gate lets it.
    pub wire: Wire,
    /// What is known of its topic.
    pub facts: TopicFacts,
    /// Whether it may be sent.
    pub gate: Gate,
    /// Sees what comes out.
    pub watch: Watch,
    /// The name of this page as a producer.
    pub producer_name: AttrValue,
    /// Called when a message has gone.
    pub onsent: Callback<()>,
    /// Whether a person is asked before each message.
    pub asks: bool,
    /// Called when a topic was created or bound.
    pub changed: Callback<()>,
}

/// What the page shows of sending, and how it starts.
#[derive(Clone, PartialEq)]
pub struct Sender {
    /// Messages sent.
    pub outcomes: UseReducerHandle<Outcomes>,
    /// Why the last attempt was not sent, and whether the user may insist.
    pub refusal: Option<Refusal>,
    /// An attempt waits for the check.
    pub waiting: bool,
    /// A person is being asked whether to send.
    pub asking: bool,
    /// Sends if the gate lets it.
    pub send: Callback<()>,
    /// Sends although the broker will refuse.
    pub insist: Callback<()>,
    /// The person's answer.
    pub answer: Callback<bool>,
}

/// An attempt that was stopped on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A sentence.
    pub why: String,
    /// Whether "send anyway" is offered.
    pub may_insist: bool,
}

/// Sends messages of a form.
#[hook]
pub fn use_sender(sending: Sending) -> Sender {
    let outcomes = use_reducer(Outcomes::default);
    let refusal = use_state(|| None);
    let waiting = use_state(|| false);
    let asking = use_state(|| false);
    let last_id = use_mut_ref(|| 0_u64);
    let dispatch = {
        let (outcomes, sending, refusal) = (outcomes.dispatcher(), sending.clone(), refusal.setter());
        Callback::from(move |()| {
            refusal.set(None);
            let mut last = last_id.borrow_mut();
            // Two messages in one millisecond need two names.
            *last = browser::epoch_ms().max(*last + 1);
            let payload = match &sending.wire {
                Wire::Encoded(bytes) => bytes.clone(),
                // The gate lets nothing through that has no encoding.
                Wire::AsTyped | Wire::Unencodable => Bytes::copy_from_slice(sending.form.payload.as_bytes()),
            };
            let request = sending.form.request(&sending.facts, payload, &sending.producer_name, *last);
            sending.onsent.emit(());
            outcomes.dispatch(OutcomeAction::Sent { id: *last, topic: sending.form.topic.clone() });
            wasm_bindgen_futures::spawn_local(follow(sending.clone(), request, *last, outcomes.clone()));
        })
    };
    let go = {
        let (asking, dispatch, asks) = (asking.setter(), dispatch.clone(), sending.asks);
        Callback::from(move |()| if asks { asking.set(true) } else { dispatch.emit(()) })
    };
    {
        // An attempt that waits goes on as soon as the gate has made up its mind.
        let (refusal, waiting_setter, go) = (refusal.setter(), waiting.setter(), go.clone());
        use_effect_with((*waiting, sending.gate.clone()), move |(waiting, gate)| {
            if !waiting || *gate == Gate::Wait {
                return;
            }
            waiting_setter.set(false);
            match gate {
                Gate::Go => go.emit(()),
                Gate::Refuse(why) => refusal.set(Some(Refusal { why: why.clone(), may_insist: false })),
                Gate::Discourage(why) => refusal.set(Some(Refusal { why: why.clone(), may_insist: true })),
                Gate::Wait => {}
            }
        });
    }
    {
        // What stopped the last attempt may be mended now.
        let refusal = refusal.setter();
        use_effect_with(sending.form.clone(), move |_| refusal.set(None));
    }
    let send = {
        let waiting = waiting.setter();
        Callback::from(move |()| waiting.set(true))
    };
    let answer = {
        let asking = asking.setter();
        Callback::from(move |yes| {
            asking.set(false);
            if yes {
                dispatch.emit(());
            }
        })
    };
    Sender { outcomes, refusal: (*refusal).clone(), waiting: *waiting, asking: *asking, send, insist: go, answer }
}

async fn follow(sending: Sending, request: PublishRequest, id: u64, outcomes: UseReducerDispatcher<Outcomes>) {
    let watched = sending.watch.live();
    let encoded = match &sending.wire {
        Wire::Encoded(bytes) => Some(bytes.clone()),
        Wire::AsTyped | Wire::Unencodable => None,
    };
    let started_ms = browser::now_ms();
    let answer = api::publish::publish(request).await;
    let ack_ms = browser::now_ms() - started_ms;
    let decided = match answer {
        Ok(result) => fate(result, ack_ms),
        Err(failure) => Fate::Failed(failure),
    };
    let acknowledged = match &decided {
        Fate::Acknowledged(acknowledged) => Some(acknowledged.clone()),
        Fate::Sending | Fate::Failed(_) => None,
    };
    if !sending.form.private {
        let record = Record::sent(id, &sending.form, &decided);
        let record = encoded.iter().fold(record, |record, wire| record.encoded(wire));
        // Beside the result, which waits for nothing; where this browser keeps nothing, the message is sent all the same.
        wasm_bindgen_futures::spawn_local(async move { drop(archive::keep(&record).await) });
    }
    outcomes.dispatch(OutcomeAction::Decided(id, decided));
    let Some(acknowledged) = acknowledged else { return };
    if sending.facts.bound_subject().is_none() {
        // The topic may be new, or newly bound.
        sending.changed.emit(());
    }
    let seen = see(&sending, &acknowledged, id, started_ms, watched).await;
    outcomes.dispatch(OutcomeAction::Seen(id, seen));
}

async fn see(sending: &Sending, acknowledged: &Acknowledged, id: u64, started_ms: f64, watched: bool) -> Seen {
    if !watched {
        match acknowledged.offset {
            Some(offset) => {
                sending.watch.read_back(acknowledged.topic.clone(), offset, &sending.producer_name).await;
            }
            None => return Seen::Unwatched,
        }
    }
    loop {
        if let Some(at_ms) = sending.watch.seen_at_ms(id) {
            return Seen::After(at_ms - started_ms);
        }
        if browser::now_ms() - started_ms > f64::from(SEEN_TIMEOUT_MS) {
            return Seen::TimedOut;
        }
        TimeoutFuture::new(LOOK_MS).await;
    }
}
