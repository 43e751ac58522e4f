//! Sends dead letters again: asks first what would become of each, by the topic's policy, schema and transforms, and then sends in
//! portions, one after the other. What each step means, the state says.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use irongate_messages::dead_letter::redrive;
use yew::prelude::*;

use super::use_console::use_console;
use crate::api::{self, Failure};
use crate::browser::{self, Task};
use crate::checks::client::Checker;
use crate::checks::message::Question;
use crate::state::dead_letters::{Held, Pile};
use crate::state::redrive::{Fate, Planned, after_transforms, outcome, outgoing, portion, request, verdict};
use crate::state::schema_choice::{RegisteredSchema, VersionChoice};
use crate::state::topic_facts::{Policy, TopicFacts};

/// How long typing must rest before a dry run begins, in milliseconds.
const REST_MS: u32 = 250;

/// Letters of a dry run between two drawings of its progress.
const SHOWN_EVERY: usize = 50;

/// Which letters are to be sent, and on which terms.
#[derive(Clone)]
pub struct Wanted {
    /// What was read.
    pub pile: Rc<Pile>,
    /// Which of it, in the order they are sent in.
    pub letters: Rc<[usize]>,
    /// Empty: to where each came from.
    pub to: AttrValue,
    /// How often a record may be sent again; none: what was typed is no number.
    pub redrives_max: Option<u32>,
}

impl PartialEq for Wanted {
    /// A pile never changes; comparing thousands of letters at each redraw would stop the page.
    fn eq(&self, other: &Wanted) -> bool {
        let same = Rc::ptr_eq(&self.pile, &other.pile) && self.letters == other.letters;
        same && self.to == other.to && self.redrives_max == other.redrives_max
    }
}

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stage {
    /// Nothing is asked yet.
    #[default]
    Idle,
    /// So many letters have been looked at.
    Asking(usize),
    /// What would become of each is known.
    Ready,
    /// Letters are being sent.
    Sending,
    /// Broken off: letters that were under way may have arrived.
    Broken(Failure),
    /// What would become of them cannot be said.
    Failed(Failure),
}

/// A run and what can be asked of it.
#[derive(Clone, PartialEq)]
pub struct Run {
    /// Where it stands.
    pub stage: Stage,
    /// Its letters.
    pub plan: Rc<[Planned]>,
    /// Sends what would be taken.
    pub send: Callback<()>,
    /// Stops after the call under way.
    pub stop: Callback<()>,
}

/// What outlives a redraw.
#[derive(Default)]
struct Work {
    plan: Vec<Planned>,
    /// What the topics are that letters go to.
    terms: BTreeMap<String, Terms>,
    stopping: bool,
    /// Dropping it ends the dry run that is under way.
    task: Option<Task>,
}

/// What a topic is, as far as it decides on letters.
struct Terms {
    facts: TopicFacts,
    schema: Option<RegisteredSchema>,
    transformed: bool,
}

/// Shows a step.
#[derive(Clone)]
struct Show {
    work: Rc<RefCell<Work>>,
    shown: UseStateSetter<(Stage, Rc<[Planned]>)>,
}

impl Show {
    fn stage(&self, stage: Stage) {
        let plan = self.work.borrow().plan.as_slice().into();
        self.shown.set((stage, plan));
    }
}

/// A run, which begins with a dry run whenever what is wanted changes. It stops with its component, after the call under way. `onsent` is told which letters
/// were taken.
#[hook]
pub fn use_redrive(wanted: &Wanted, onsent: Callback<Vec<usize>>) -> Run {
    let console = use_console();
    let shown = use_state(|| (Stage::Idle, Rc::from([])));
    let work = use_mut_ref(Work::default);
    let show = Show { work: work.clone(), shown: shown.setter() };
    {
        let (show, checker, auto_create) = (show.clone(), console.checker.clone(), console.auto_create_topics());
        use_effect_with(wanted.clone(), move |wanted| {
            let (wanted, asking) = (wanted.clone(), show.clone());
            let task = Task::spawn(async move {
                asking.work.borrow_mut().plan.clear();
                asking.stage(Stage::Asking(0));
                TimeoutFuture::new(REST_MS).await;
                match ask(&wanted, &checker, auto_create, &asking).await {
                    Ok(()) => asking.stage(Stage::Ready),
                    Err(failure) => asking.stage(Stage::Failed(failure)),
                }
            });
            // In the place of another that may be under way.
            show.work.borrow_mut().task = Some(task);
            move || {
                let mut work = show.work.borrow_mut();
                // What has been sent by then is still told of.
                work.stopping = true;
                drop(work.task.take());
            }
        });
    }
    let letters_max = console.host.ready().map_or(1, |info| info.publish_batch_messages_max as usize);
    let send = {
        let (show, pile, changed) = (show.clone(), Rc::clone(&wanted.pile), console.changed.clone());
        Callback::from(move |()| {
            let (sending, pile) = (show.clone(), Rc::clone(&pile));
            let (onsent, changed) = (onsent.clone(), changed.clone());
            show.work.borrow_mut().stopping = false;
            show.stage(Stage::Sending);
            wasm_bindgen_futures::spawn_local(async move {
                let failure = send_all(&pile, letters_max, &sending, &onsent).await.err();
                sending.stage(failure.map_or(Stage::Ready, Stage::Broken));
                changed.emit(());
            });
        })
    };
    let stop = Callback::from(move |()| show.work.borrow_mut().stopping = true);
    let (stage, plan) = (*shown).clone();
    Run { stage, plan, send, stop }
}

/// The dry run.
async fn ask(wanted: &Wanted, checker: &Checker, auto_create: bool, show: &Show) -> Result<(), Failure> {
    let Some(redrives_max) = wanted.redrives_max else { return Ok(()) };
    let transformed = api::dead_letters::transformed().await?;
    let mut terms: BTreeMap<String, Terms> = BTreeMap::new();
    for (done, &index) in wanted.letters.iter().enumerate() {
        let Some(held) = wanted.pile.letters.get(index) else { continue };
        let planned = match redrive(&held.letter, Some(&wanted.to), redrives_max) {
            Err(guard) => Planned { index, redriven: None, fate: Fate::Guarded(guard.to_string()) },
            Ok(redriven) => {
                let topic = redriven.topic.clone();
                if !terms.contains_key(&topic) {
                    terms.insert(topic.clone(), terms_of(&topic, &transformed).await?);
                }
                let message = outgoing(&held.letter, &redriven.attributes, browser::epoch_ms());
                let fate = match &terms[&topic] {
                    Terms { transformed: true, .. } => match api::dead_letters::dry_run(&topic, message).await {
                        Ok(answer) => after_transforms(answer),
                        Err(failure) => Fate::Refused(failure.message),
                    },
                    known => fate_of(known, held, checker, auto_create).await?,
                };
                Planned { index, redriven: Some(Rc::new(redriven)), fate }
            }
        };
        show.work.borrow_mut().plan.push(planned);
        if done % SHOWN_EVERY == SHOWN_EVERY - 1 {
            show.shown.set((Stage::Asking(done + 1), Rc::from([])));
        }
    }
    show.work.borrow_mut().terms = terms;
    Ok(())
}

async fn terms_of(topic: &str, transformed: &[String]) -> Result<Terms, Failure> {
    let facts = api::topics::facts(topic).await;
    let schema = match &facts {
        TopicFacts::Exists(known) if !known.subject.is_empty() && known.policy != Policy::None => {
            Some(api::registry::schema(&known.subject, VersionChoice::Latest).await?)
        }
        _ => None,
    };
    Ok(Terms { facts, schema, transformed: transformed.iter().any(|name| name == topic) })
}

async fn fate_of(terms: &Terms, held: &Held, checker: &Checker, auto_create: bool) -> Result<Fate, Failure> {
    let policy = match &terms.facts {
        TopicFacts::Exists(topic) => topic.policy,
        TopicFacts::Missing if auto_create => {
            return Ok(Fate::Goes("the topic is gone and is made anew, reliable".to_owned()));
        }
        TopicFacts::Missing => {
            return Ok(Fate::Refused("the topic is gone, and this host makes none by itself".to_owned()));
        }
        TopicFacts::Unreachable(why) => return Ok(Fate::Refused(why.clone())),
        TopicFacts::Unasked | TopicFacts::Pending => return Ok(Fate::Refused("it is no topic's name".to_owned())),
    };
    let Some(schema) = &terms.schema else { return Ok(Fate::Goes(String::new())) };
    let question = Question {
        schema_type: schema.schema_type.clone(),
        definition: schema.definition.clone(),
        payload: Some(held.letter.payload.clone()),
        ..Question::default()
    };
    Ok(match checker.answer_to(question).await {
        Err(why) => Fate::Refused(format!("it could not be checked: {why}")),
        Ok(answer) => match answer.fault {
            Some(fault) => Fate::Refused(format!("the schema cannot be used: {}", fault.message)),
            None => verdict(policy, &answer.violations),
        },
    })
}

/// Sends portion after portion, until nothing is left or somebody stops it.
async fn send_all(pile: &Pile, letters_max: usize, show: &Show, onsent: &Callback<Vec<usize>>) -> Result<(), Failure> {
    loop {
        let next = {
            let work = show.work.borrow();
            let bytes = |index: usize| pile.letters.get(index).map_or(0, |held| held.letter.payload.len());
            let places = if work.stopping { Vec::new() } else { portion(&work.plan, bytes, letters_max) };
            let redriven: Vec<_> = places.iter().filter_map(|&place| work.plan[place].redriven.as_ref()).collect();
            redriven.first().map(|first| {
                let letters = places.iter().filter_map(|&place| pile.letters.get(work.plan[place].index));
                let messages = letters
                    .zip(&redriven)
                    .map(|(held, redriven)| outgoing(&held.letter, &redriven.attributes, browser::epoch_ms()));
                let is_missing = matches!(work.terms.get(&first.topic), Some(Terms { facts: TopicFacts::Missing, .. }));
                (request(&first.topic, messages.collect(), is_missing), places)
            })
        };
        let Some((request, places)) = next else { return Ok(()) };
        let results = api::publish::publish_all(request).await?;
        let mut results = results.into_iter();
        let mut sent = Vec::new();
        {
            let mut work = show.work.borrow_mut();
            for place in places {
                let planned = &mut work.plan[place];
                planned.fate = outcome(results.next());
                if matches!(planned.fate, Fate::Sent(..)) {
                    sent.push(planned.index);
                }
            }
        }
        onsent.emit(sent);
        show.stage(Stage::Sending);
    }
}
