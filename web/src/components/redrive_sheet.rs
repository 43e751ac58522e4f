//! Sending dead letters again: first what would become of each, then the sending with a result for each. Shows what
//! [`use_redrive`] does; decides nothing.

use std::rc::Rc;

use irongate_messages::dead_letter::REDRIVES_MAX;
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::dead_rows::place;
use super::dialog::Sheet;
use super::failure::{failure, lacking};
use super::field::{TextFieldProps, text_field};
use crate::hooks::use_action::Progress;
use crate::hooks::use_console::use_console;
use crate::hooks::use_redrive::{Run, Stage, Wanted, use_redrive};
use crate::state::dead_letters::{Marks, Pile};
use crate::state::redrive::{Fate, Planned, Tally};
use crate::state::topic_name;
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};

/// Letters listed; more are counted.
const LISTED_MAX: usize = 200;

/// Properties of [`redrive_sheet`].
#[derive(Clone, Properties)]
pub struct RedriveSheetProps {
    /// What was read.
    pub pile: Rc<Pile>,
    /// Which letters of it, in order; none: the sheet is closed.
    pub letters: Option<Rc<[usize]>>,
    /// What was sent again before.
    pub marks: Rc<Marks>,
    /// Called to close it.
    pub onclose: Callback<()>,
    /// Called with the letters that were taken.
    pub onsent: Callback<Vec<usize>>,
}

impl PartialEq for RedriveSheetProps {
    fn eq(&self, other: &RedriveSheetProps) -> bool {
        Rc::ptr_eq(&self.pile, &other.pile) && self.letters == other.letters && Rc::ptr_eq(&self.marks, &other.marks)
    }
}

/// The sheet. Test ids: `redrive`, `redrive-to`, `redrive-max`, `redrive-progress`, `redrive-tally`, `redrive-row`, `redrive-again`,
/// `redrive-send`, `redrive-stop`, `redrive-barred`.
pub fn redrive_sheet(props: &RedriveSheetProps) -> Html {
    html! {
        <Sheet id="redrive" title="Redrive" open={props.letters.is_some()} onclose={props.onclose.clone()}>
            <Content ..props.clone() />
        </Sheet>
    }
}

#[component]
fn Content(props: &RedriveSheetProps) -> Html {
    let letters = props.letters.clone().unwrap_or_default();
    let to = use_state(String::new);
    let limit = use_state(|| REDRIVES_MAX.to_string());
    let problem = topic_name::problem(to.trim()).filter(|_| !to.trim().is_empty());
    let redrives_max = limit.trim().parse::<u32>().ok();
    let wanted = Wanted {
        pile: Rc::clone(&props.pile),
        letters: Rc::clone(&letters),
        to: to.trim().to_owned().into(),
        redrives_max: redrives_max.filter(|_| problem.is_none()),
    };
    // As it was when the sheet was opened: what this run sends is no reason to warn of it.
    let again = use_memo((), |()| {
        letters.iter().filter(|&&index| props.pile.letters.get(index).is_some_and(|held| props.marks.has(held))).count()
    });
    let run = use_redrive(&wanted, props.onsent.clone());
    let set = |state: &UseStateHandle<String>| {
        let state = state.setter();
        Callback::from(move |text| state.set(text))
    };
    let fixed = run.stage == Stage::Sending;
    let no_number = redrives_max.is_none().then_some(AttrValue::Static("A whole number, such as 3."));
    html! {
        <div class="bulk">
            <p class="note">{ "Each message goes as it was: key, payload and its own attributes. It keeps where it was first, so that what a \
                pipeline makes of it has the dedup ids of the first time. The letters stay where they are." }</p>
            { text_field(&props!(TextFieldProps {
                id: "redrive-to", label: "Send to", value: (*to).clone(), onchange: set(&to), mono: true, readonly: fixed,
                placeholder: "the topic that each came from", problem: problem.as_deref().map(sentence).map(AttrValue::from),
            })) }
            { text_field(&props!(TextFieldProps {
                id: "redrive-max", label: "Redrives at most", value: (*limit).clone(), onchange: set(&limit), readonly: fixed,
                input_mode: "numeric", problem: no_number, class: "narrow",
                hint: "What was sent again this often, and came back each time, is left alone.",
            })) }
            if *again > 0 {
                <p class="caution" data-testid="redrive-again">{ format!("{} sent again from this browser already. Sent once more, whoever \
                    reads the topic gets the message twice.", if *again == 1 { "One of them was".to_owned() } else { format!("{} of them were", grouped(*again as u64)) }) }</p>
            }
            { progress(&run, letters.len()) }
            { result(&run) }
            if matches!(run.stage, Stage::Ready | Stage::Broken(_)) { <Actions run={run.clone()} /> }
            { rows(&props.pile, &run.plan) }
        </div>
    }
}

fn progress(run: &Run, all: usize) -> Html {
    let tally = Tally::of(&run.plan);
    let (words, done, of) = match &run.stage {
        Stage::Asking(done) => ("Asking what would become of them", *done, all),
        Stage::Sending => ("Sending", tally.sent + tally.failed, tally.sent + tally.failed + tally.go),
        Stage::Idle | Stage::Ready | Stage::Broken(_) | Stage::Failed(_) => return Html::default(),
    };
    html! {
        <div class="bulk-progress" data-testid="redrive-progress">
            <label for="redrive-bar">{ format!("{words}: {} of {}", grouped(done as u64), grouped(of as u64)) }</label>
            <progress id="redrive-bar" max={of.max(1).to_string()} value={done.to_string()} />
            if run.stage == Stage::Sending {
                <button type="button" class="secondary" data-testid="redrive-stop" onclick={run.stop.reform(|_: MouseEvent| ())}>{ "Stop" }</button>
                <p class="note">{ "Closing this stops it too." }</p>
            }
        </div>
    }
}

fn result(run: &Run) -> Html {
    let Tally { go, refused, guarded, sent, failed } = Tally::of(&run.plan);
    let mut parts = Vec::new();
    let mut tell = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{} {words}", grouped(count as u64)));
        }
    };
    tell(sent, "sent");
    tell(failed, "not taken");
    tell(go, if sent + failed > 0 { "not sent yet" } else { "would be sent" });
    tell(refused, "would be refused");
    tell(guarded, "guarded");
    html! {
        <>
            <p role="status" data-testid="redrive-tally">{ parts.join(" · ") }</p>
            { match &run.stage {
                Stage::Failed(failed) => failure(failed),
                Stage::Broken(failed) => html! {
                    <>
                        { failure(failed) }
                        <p class="note">{ "The last call was broken off: its messages may have arrived all the same." }</p>
                    </>
                },
                Stage::Idle | Stage::Asking(_) | Stage::Ready | Stage::Sending => Html::default(),
            } }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ActionsProps {
    run: Run,
}

#[component]
fn Actions(props: &ActionsProps) -> Html {
    let console = use_console();
    let asking = use_state(|| false);
    let ask = |open: bool| {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(open))
    };
    let production = console.production();
    let send = {
        let (send, ask) = (props.run.send.clone(), ask(true));
        Callback::from(move |_: MouseEvent| if production { ask.emit(()) } else { send.emit(()) })
    };
    let onconfirm = {
        let (send, close) = (props.run.send.clone(), ask(false));
        Callback::from(move |()| {
            close.emit(());
            send.emit(());
        })
    };
    let barred = console.read_only();
    let go = Tally::of(&props.run.plan).go;
    if go == 0 {
        return Html::default();
    }
    let letters = counted(go, "letter", "letters");
    let environment = console.host.ready().map(|info| info.environment.clone()).unwrap_or_default();
    html! {
        <>
            { lacking("redrive-barred", barred.as_ref()) }
            <div class="danger-row">
                <button type="button" class="primary" data-testid="redrive-send" onclick={send} disabled={barred.is_some()}>{ format!("Send {letters}") }</button>
            </div>
            { confirm(&props!(ConfirmProps {
                open: *asking, title: "Redrive on production",
                what: format!("This host is production: whoever reads the topics gets the messages of {letters} once more, and they cannot be taken back."),
                name: environment, verb: "Send the letters", progress: Progress::Idle, onclose: ask(false), onconfirm,
            })) }
        </>
    }
}

fn rows(pile: &Pile, plan: &[Planned]) -> Html {
    if plan.is_empty() {
        return Html::default();
    }
    let row = |planned: &Planned| {
        let name = pile.letters.get(planned.index).map(place).unwrap_or_default();
        let (tone, words) = words(&planned.fate);
        html! {
            <tr key={planned.index} data-testid="redrive-row">
                <td class="mono">{ name }</td>
                <td class="why">
                    <span class={tone}>{ words }</span>
                    if let Some(redriven) = &planned.redriven { <br /><code class="muted">{ "to " }{ &redriven.topic }</code> }
                </td>
            </tr>
        }
    };
    html! {
        <>
            <div class="table-scroll" tabindex="0" role="region" aria-label="What becomes of each letter">
                <table>
                    <thead><tr><th scope="col">{ "Letter" }</th><th scope="col">{ "What becomes of it" }</th></tr></thead>
                    <tbody>{ plan.iter().take(LISTED_MAX).map(row).collect::<Html>() }</tbody>
                </table>
            </div>
            if plan.len() > LISTED_MAX {
                <p class="muted">{ format!("and {} more", counted(plan.len() - LISTED_MAX, "letter", "letters")) }</p>
            }
        </>
    }
}

fn words(fate: &Fate) -> (&'static str, String) {
    match fate {
        Fate::Goes(words) if words.is_empty() => ("neutral", "would be sent".to_owned()),
        Fate::Goes(words) => ("caution", format!("would be sent: {words}")),
        Fate::Refused(words) => ("bad", format!("would be refused: {words}")),
        Fate::Guarded(words) => ("caution", format!("guarded: {words}")),
        Fate::Sent(topic, Some(offset)) => ("good", format!("sent: {topic} @ {offset}")),
        Fate::Sent(topic, None) => ("good", format!("sent: {topic}, which stores nothing")),
        Fate::Failed(words) => ("bad", format!("not taken: {words}")),
    }
}
