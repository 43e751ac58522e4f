//! All that the Produce page knows, joined: the form, what the host says about its topic and
//! schema, the check, both verdicts, and the sender.

use std::rc::Rc;

use bytes::Bytes;
use irongate_proto::danube_schema::{SchemaVersionInfo, SubjectSummary};
use irongate_proto::irongate_v1::{TopicSummary, Violation};
use yew::prelude::*;

use super::use_address::use_address;
use super::use_bulk::BulkTarget;
use super::use_check::{use_check, use_schema};
use super::use_console::Console;
use super::use_draft::use_draft;
use super::use_fill::use_fill;
use super::use_permalink::use_permalink;
use super::use_remote::{Remote, use_remote};
use super::use_sample::{Sampling, use_sample};
use super::use_sender::{Sender, Sending, use_sender};
use super::use_topic_facts::use_topic_facts;
use super::use_watch::use_watch;
use crate::api;
use crate::components::editor::Mark;
use crate::routes::Route;
use crate::state::check::{Checked, Wire};
use crate::state::encoding::{self, Encoding};
use crate::state::example;
use crate::state::filling::Filling;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::gate::{self, Gate};
use crate::state::schema_choice::SchemaLookup;
use crate::state::topic_facts::TopicFacts;
use crate::state::topic_name;
use crate::state::verdict::{self, Outlook, Verdict, sentence};

/// The Produce page's knowledge.
pub struct Produce {
    /// What the user typed.
    pub form: UseReducerHandle<ProduceForm>,
    /// What is checked and sent: the form, or what its template is filled in as.
    pub filling: Filling,
    /// Which message of its seed comes next, from 1.
    pub number: u64,
    /// Fills the template in anew.
    pub again: Callback<()>,
    /// Whether the draft could be kept.
    pub kept: bool,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// All topics, for suggestions.
    pub topics: Remote<Vec<TopicSummary>>,
    /// All subjects.
    pub subjects: Remote<Vec<SubjectSummary>>,
    /// The versions of the chosen subject.
    pub versions: Remote<Vec<SchemaVersionInfo>>,
    /// What the schema says.
    pub of_schema: Verdict,
    /// What the broker will do.
    pub of_broker: Verdict,
    /// The text has changed since, and is being checked.
    pub checking: bool,
    /// Every broken rule.
    pub violations: Rc<[Violation]>,
    /// What it is checked against.
    pub schema: SchemaLookup,
    /// How it travels.
    pub format: Format,
    /// What many messages of a file would be sent as.
    pub bulk: BulkTarget,
    /// Sends.
    pub sender: Sender,
    /// Makes samples.
    pub sampling: Sampling,
}

/// How a message travels under its schema.
#[derive(Clone, PartialEq)]
pub struct Format {
    /// The type of its schema; empty: none.
    pub schema_type: AttrValue,
    /// The encoding in force.
    pub encoding: Encoding,
    /// The newest check.
    pub checked: Checked,
}

impl Produce {
    /// What of the payload to underline.
    #[must_use]
    pub fn marks(&self) -> Rc<[Mark]> {
        if self.form.template {
            // They are places of what it is filled in as.
            return Rc::new([]);
        }
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let mark = |violation: &Violation| Mark {
            range: place(violation.byte_start)..place(violation.byte_end),
            message: sentence(&violation.message).into(),
        };
        // That there are more is said of no place.
        self.violations.iter().filter(|violation| violation.rule != irongate_schema::RULE_MORE).map(mark).collect()
    }

    /// What would travel now; none: nothing, because it cannot be encoded.
    #[must_use]
    pub fn payload(&self) -> Option<Bytes> {
        match &self.format.checked.wire {
            Wire::AsTyped => self.filling.form().map(|form| Bytes::copy_from_slice(form.payload.as_bytes())),
            Wire::Encoded(bytes) => Some(bytes.clone()),
            Wire::Unencodable => None,
        }
    }

    /// The form, with how it travels said even where that is only usual for its schema.
    #[must_use]
    pub fn settled(&self) -> ProduceForm {
        let encoding = match &self.schema {
            SchemaLookup::None | SchemaLookup::Found(_) => Some(self.format.encoding),
            SchemaLookup::Pending | SchemaLookup::Unresolved(_) => self.form.encoding,
        };
        ProduceForm { encoding, ..(*self.form).clone() }
    }

    /// Whether the registry has the subject of the guide's example.
    #[must_use]
    pub fn example_registered(&self) -> bool {
        self.subjects.ready().is_some_and(|subjects| subjects.iter().any(|known| known.subject == example::SUBJECT))
    }
}

/// Joins everything.
#[hook]
pub fn use_produce(console: &Console) -> Produce {
    let (form, kept) = use_draft();
    use_topic_in_address(&form);
    use_permalink(&form);
    let producer_name = use_memo((), |()| producer_name());
    let topic = AttrValue::from(form.topic.clone());
    let facts = use_topic_facts(&topic, console.revision);
    let bound = facts.bound_subject().unwrap_or_default();
    let subject = AttrValue::from(if form.subject.is_empty() { bound.into() } else { form.subject.clone() });
    let schema = use_schema(&subject, form.version, console.revision);
    let encoding = encoding::in_force(form.encoding, &schema_type(&schema));
    let turn = use_state(|| (form.seed, 1_u64));
    // Another seed begins anew.
    let number = if turn.0 == form.seed { turn.1 } else { 1 };
    {
        let turn = turn.setter();
        use_effect_with(form.seed, move |seed| turn.set((*seed, 1)));
    }
    let asked_again = use_state(|| 0_u32);
    let typed = use_memo((*form).clone(), Clone::clone);
    let filling = use_fill(console, &typed, number, &producer_name, *asked_again);
    let message = filling.form().cloned().unwrap_or_default();
    let check = use_check(console, &schema, &message.payload, encoding);
    let subjects = use_remote(console.revision, |_| api::registry::subjects());
    let versions = use_remote((form.subject.clone(), console.revision), |(subject, _)| {
        api::registry::versions_of_chosen(subject.to_string())
    });
    let topics = use_remote(console.revision, |_| async { Ok(api::topics::list().await?.topics) });
    let watch = use_watch(&topic, &facts, &producer_name);
    let sender = use_sender(Sending {
        // What is sent has been checked, so that it is known how it travels.
        form: Rc::new(ProduceForm { encoding: Some(encoding), ..(*message).clone() }),
        wire: check.checked().map(|checked| checked.wire.clone()).unwrap_or_default(),
        gate: gate_of(console, &filling, || gate::decide(&form.problems(), &facts, &form.subject, &schema, &check)),
        asks: console.production(),
        facts: facts.clone(),
        onsent: {
            let (turn, seed) = (turn.setter(), form.seed);
            Callback::from(move |()| turn.set((seed, number + 1)))
        },
        watch,
        producer_name: (*producer_name).clone(),
        changed: console.changed.clone(),
    });
    let of_broker = verdict::of_broker(&Outlook {
        facts: &facts,
        auto_create: console.auto_create_topics(),
        subject: &form.subject,
        reliable: form.reliable,
        partitions: form.partitions.parse().unwrap_or(0),
        schema: &schema,
        check: &check,
    });
    let sampling = use_sample(console, &form, &schema);
    let checking = matches!(filling, Filling::Pending(_))
        || matches!(&schema, SchemaLookup::Pending)
        || (matches!(&schema, SchemaLookup::Found(_)) && check.settled().is_none());
    let of_schema = verdict::of_schema(&schema, &check);
    let violations = check.violations();
    let bulk = BulkTarget {
        form: (*form).clone(),
        facts: facts.clone(),
        schema: schema.clone(),
        encoding,
        producer_name: (*producer_name).clone(),
    };
    let format =
        Format { schema_type: schema_type(&schema), encoding, checked: check.checked().cloned().unwrap_or_default() };
    let again = Callback::from(move |()| asked_again.set(asked_again.wrapping_add(1)));
    Produce {
        form,
        filling,
        number,
        again,
        kept,
        facts,
        topics,
        subjects,
        versions,
        of_schema,
        of_broker,
        checking,
        violations,
        schema,
        format,
        bulk,
        sender,
        sampling,
    }
}

/// The gate, once it is known whether this page may send at all.
fn gate_of(console: &Console, filling: &Filling, decide: impl FnOnce() -> Gate) -> Gate {
    match (&console.host, console.read_only()) {
        (Remote::Pending, _) => Gate::Wait,
        (_, Some(why)) => Gate::Refuse(sentence(&why)),
        (Remote::Ready(_) | Remote::Failed(_), None) => match filling {
            Filling::Pending(_) => Gate::Wait,
            Filling::Failed(why) => Gate::Refuse(sentence(why)),
            Filling::Off(_) | Filling::Done(_) => decide(),
        },
    }
}

fn schema_type(schema: &SchemaLookup) -> AttrValue {
    match schema {
        SchemaLookup::Found(schema) => schema.schema_type.clone().into(),
        SchemaLookup::None | SchemaLookup::Pending | SchemaLookup::Unresolved(_) => AttrValue::default(),
    }
}

/// One page, one producer: the tail tells its messages from those of others by the name.
fn producer_name() -> AttrValue {
    let number = (js_sys::Math::random() * 16_777_216.0) as u32;
    AttrValue::from(format!("console-{number:06x}"))
}

/// The topic of the address goes into the form, and the topic of the form into the address.
#[hook]
fn use_topic_in_address(form: &UseReducerHandle<ProduceForm>) {
    let address = use_address();
    let named = address.parameter("topic");
    {
        let form = form.dispatcher();
        use_effect_with((), move |()| {
            if !named.is_empty() {
                form.dispatch(FormAction::Topic(named));
            }
        });
    }
    let first = use_mut_ref(|| true);
    use_effect_with(form.topic.clone(), move |topic| {
        // The first topic comes from the draft or from the address itself.
        if first.replace(false) || topic_name::problem(topic).is_some() {
            return;
        }
        address.go(Route::Produce, &[("topic", topic)], false);
    });
}
