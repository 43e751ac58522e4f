//! Many messages from a file: choose or drop it, see every bad row before anything is sent, send the valid ones, take
//! the report along. Shows what [`use_bulk`] does; decides nothing.

use web_sys::{DragEvent, File, HtmlInputElement};
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::dialog::Sheet;
use super::failure::{failure, lacking};
use super::later::{Later, Part};
use crate::browser;
use crate::hooks::use_action::Progress;
use crate::hooks::use_bulk::{BulkRun, BulkTarget, Phase, Shown, use_bulk};
use crate::hooks::use_console::use_console;
use crate::state::bulk::{BadRow, Counts, LISTED_ROWS_MAX};
use crate::state::schema_choice::SchemaLookup;
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};

/// Properties of [`bulk_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct BulkSheetProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// What the rows are sent as.
    pub target: BulkTarget,
}

/// The sheet. Test ids: `bulk`, `bulk-file`, `bulk-target`, `bulk-unusable`, `bulk-progress`, `bulk-counts`, `bulk-bad`,
/// `bulk-send`, `bulk-barred`, `bulk-stop`, `bulk-report`, `bulk-forget`.
pub fn bulk_sheet(props: &BulkSheetProps) -> Html {
    html! {
        <Sheet id="bulk" title="Send a file" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::Bulk(props.clone())} />
        </Sheet>
    }
}

/// Its content.
#[component]
pub fn BulkContent(props: &BulkSheetProps) -> Html {
    let run = use_bulk(&props.target);
    let problem = props.target.problem();
    let busy = matches!(run.shown.phase, Phase::Reading | Phase::Checking | Phase::Sending);
    html! {
        <div class="bulk">
            { target_line(&props.target) }
            if let Some(problem) = &problem {
                <p class="caution" role="alert">{ sentence(problem) }</p>
            } else if !busy {
                { chooser(&run.open) }
            }
            { progress(&run) }
            { result(&run, &props.target.form.topic) }
        </div>
    }
}

fn target_line(target: &BulkTarget) -> Html {
    let schema = match &target.schema {
        SchemaLookup::Found(schema) => format!("{} version {}", schema.subject, schema.version),
        _ => "no schema: each row need only be JSON".to_owned(),
    };
    html! {
        <p class="note" data-testid="bulk-target">
            { "Each row becomes a message to " }<code>{ target.form.topic.to_string() }</code>
            { format!(", checked against {schema}. Key and attributes are those of the form. Every row is checked before the first one is sent.") }
        </p>
    }
}

fn chooser(open: &Callback<File>) -> Html {
    let chosen = {
        let open = open.clone();
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            let file = input.and_then(|input| input.files()).and_then(|files| files.get(0));
            file.into_iter().for_each(|file| open.emit(file));
        })
    };
    let dropped = {
        let open = open.clone();
        Callback::from(move |event: DragEvent| {
            // Else the browser would leave this page for the file.
            event.prevent_default();
            let files = event.data_transfer().and_then(|transfer| transfer.files());
            files.and_then(|files| files.get(0)).into_iter().for_each(|file| open.emit(file));
        })
    };
    let over = Callback::from(|event: DragEvent| event.prevent_default());
    html! {
        <div class="drop" ondrop={dropped} ondragover={over}>
            <label for="bulk-file">{ "A file of JSON Lines, one JSON array, or CSV with a header" }</label>
            <input id="bulk-file" data-testid="bulk-file" type="file" accept=".jsonl,.ndjson,.json,.csv,.txt" onchange={chosen} />
            <p class="note">{ "Choose it, or drop it here. In CSV an empty cell is left out." }</p>
        </div>
    }
}

fn progress(run: &BulkRun) -> Html {
    let Counts { all, unchecked, valid, sent, refused, before, .. } = run.shown.counts;
    let (words, done, of) = match run.shown.phase {
        Phase::Reading => ("Reading the file", 0, 0),
        Phase::Checking => ("Checking", all - unchecked, all),
        Phase::Sending => ("Sending", sent - before + refused, sent - before + refused + valid),
        Phase::Empty | Phase::Ready | Phase::Unusable(_) => return Html::default(),
    };
    let stop = run.stop.reform(|_: MouseEvent| ());
    let figures = if of == 0 { String::new() } else { format!(" {} of {}", grouped(done as u64), grouped(of as u64)) };
    html! {
        <div class="bulk-progress" data-testid="bulk-progress">
            <label for="bulk-bar">{ format!("{words}{figures}") }</label>
            <progress id="bulk-bar" max={of.max(1).to_string()} value={(of > 0).then(|| done.to_string())} />
            if run.shown.phase == Phase::Sending {
                <button type="button" class="secondary" data-testid="bulk-stop" onclick={stop}>{ "Stop" }</button>
            }
        </div>
    }
}

fn result(run: &BulkRun, topic: &str) -> Html {
    let Shown { name, phase, counts, bad, failure: failed } = &run.shown;
    match phase {
        Phase::Empty | Phase::Reading => Html::default(),
        Phase::Unusable(why) => html! {
            <p class="bad" role="alert" data-testid="bulk-unusable"><strong>{ name }</strong>{ ": " }{ sentence(why) }</p>
        },
        Phase::Checking | Phase::Ready | Phase::Sending => html! {
            <>
                <p role="status" data-testid="bulk-counts"><strong>{ name }</strong>{ ": " }{ counted_rows(counts) }</p>
                { failed.as_ref().map(failure).unwrap_or_default() }
                if *phase == Phase::Ready { <Actions run={run.clone()} topic={topic.to_string()} /> }
                { bad_rows(bad, counts) }
            </>
        },
    }
}

fn counted_rows(counts: &Counts) -> String {
    let mut parts = vec![counted(counts.all, "row", "rows")];
    let mut tell = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{} {words}", grouped(count as u64)));
        }
    };
    tell(counts.valid, "valid and not sent");
    tell(counts.invalid, "invalid");
    tell(counts.sent - counts.before, "sent");
    tell(counts.before, "sent in an earlier run");
    tell(counts.refused, "refused by the broker");
    tell(counts.unchecked, "not checked yet");
    parts.join(" · ")
}

#[derive(Clone, PartialEq, Properties)]
struct ActionsProps {
    run: BulkRun,
    topic: AttrValue,
}

#[component]
fn Actions(props: &ActionsProps) -> Html {
    let run = &props.run;
    let counts = run.shown.counts;
    let console = use_console();
    let asking = use_state(|| false);
    let ask = |open: bool| {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(open))
    };
    let production = console.production();
    let send = {
        let (send, ask) = (run.send.clone(), ask(true));
        Callback::from(move |_: MouseEvent| if production { ask.emit(()) } else { send.emit(()) })
    };
    let onconfirm = {
        let (send, close) = (run.send.clone(), ask(false));
        Callback::from(move |()| {
            close.emit(());
            send.emit(());
        })
    };
    let barred = console.read_only();
    let forget = run.forget.reform(|_: MouseEvent| ());
    let report = {
        let (report, name) = (run.report.clone(), format!("{}-results.csv", run.shown.name));
        Callback::from(move |_: MouseEvent| browser::download(&name, "text/csv", &report.emit(())))
    };
    let rest = if counts.sent > 0 { "remaining" } else { "valid" };
    let rows = format!("{} {}", grouped(counts.valid as u64), if counts.valid == 1 { "row" } else { "rows" });
    html! {
        <>
        { lacking("bulk-barred", barred.as_ref()) }
        <div class="danger-row">
            if counts.valid > 0 {
                <button type="button" class="primary" data-testid="bulk-send" onclick={send} disabled={barred.is_some()}>
                    { format!("Send the {rest} {rows}") }
                </button>
            }
            <button type="button" class="secondary" data-testid="bulk-report" onclick={report}>{ "Download the result of each row" }</button>
            if counts.sent > 0 {
                <button type="button" class="quiet" data-testid="bulk-forget" onclick={forget}
                    title="The same file can then be sent once more">{ "Forget this run" }</button>
            }
        </div>
        { confirm(&props!(ConfirmProps {
            open: *asking, title: "Send to production",
            what: format!("This host is production: whoever reads the topic gets the {rows}, and they cannot be taken back."),
            name: props.topic.clone(), verb: "Send the rows", progress: Progress::Idle, onclose: ask(false), onconfirm,
        })) }
        </>
    }
}

fn bad_rows(bad: &[BadRow], counts: &Counts) -> Html {
    if bad.is_empty() {
        return Html::default();
    }
    let row = |(index, row): (usize, &BadRow)| {
        html! {
            <tr key={index} data-testid="bulk-bad">
                <td class="number">{ row.line }</td>
                <td class="reason">{ &row.reason }<br /><code class="muted">{ &row.text }</code></td>
            </tr>
        }
    };
    let more = (counts.invalid + counts.refused).saturating_sub(LISTED_ROWS_MAX);
    html! {
        <>
            <div class="table-scroll" tabindex="0" role="region" aria-label="Bad rows">
                <table>
                    <thead><tr><th scope="col" class="number">{ "Line" }</th><th scope="col">{ "What is wrong" }</th></tr></thead>
                    <tbody>{ bad.iter().enumerate().map(row).collect::<Html>() }</tbody>
                </table>
            </div>
            if more > 0 {
                <p class="muted">{ format!("and {more} more: the download has all of them") }</p>
            }
        </>
    }
}
