//! What has been sent from this browser: each message can be put back into the form, or
//! sent once more through the same checks.

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::dialog::Sheet;
use super::icons;
use super::later::{Later, Part};
use crate::archive;
use crate::browser::utc_offset_minutes;
use crate::checks::message::Written;
use crate::hooks::use_console::use_console;
use crate::hooks::use_message_file::export;
use crate::state::form::ProduceForm;
use crate::state::history::Record;
use crate::state::verdict::sentence;
use crate::text::hex::preview;
use crate::text::time::date_time;

/// Characters of a payload shown in a row.
const PREVIEW_CHARACTERS_MAX: usize = 160;

/// Properties of [`history_sheet`].
#[derive(Clone, PartialEq, Properties)]
pub struct HistorySheetProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// Called with a form to edit.
    pub onedit: Callback<ProduceForm>,
    /// Called with a form to send as it is.
    pub onresend: Callback<ProduceForm>,
}

/// The sheet. Test ids: `history`, `history-row`, `history-edit`, `history-resend`, `history-remove`, `history-export`,
/// `history-clear`.
pub fn history_sheet(props: &HistorySheetProps) -> Html {
    html! {
        <Sheet id="history" title="History" open={props.open} onclose={props.onclose.clone()}>
            <Later part={Part::History(props.clone())} />
        </Sheet>
    }
}

/// Where the records stand.
#[derive(Clone, PartialEq)]
enum Kept {
    Pending,
    Ready(Vec<Record>),
    Nothing,
}

/// Its content.
#[component]
pub fn HistoryContent(props: &HistorySheetProps) -> Html {
    let kept = use_state(|| Kept::Pending);
    let checker = use_console().checker;
    let problem = use_state(|| None::<String>);
    let load = {
        let kept = kept.setter();
        Callback::from(move |()| {
            let kept = kept.clone();
            spawn_local(async move { kept.set(archive::all().await.map_or(Kept::Nothing, Kept::Ready)) });
        })
    };
    {
        let load = load.clone();
        use_effect_with((), move |()| load.emit(()));
    }
    let forget = |id: Option<u64>| {
        let load = load.clone();
        Callback::from(move |_: MouseEvent| {
            let load = load.clone();
            spawn_local(async move {
                // The list read afterwards says whether it worked.
                drop(archive::forget(id).await);
                load.emit(());
            });
        })
    };
    let records = match &*kept {
        Kept::Pending => return html! { <p class="muted">{ "Reading…" }</p> },
        Kept::Nothing => {
            return html! { <p class="caution" role="alert">{ "This browser does not let the page keep anything." }</p> };
        }
        Kept::Ready(records) if records.is_empty() => {
            return html! { <p class="muted">{ "Each message sent from this browser is kept here, in this browser only." }</p> };
        }
        Kept::Ready(records) => records,
    };
    // As they were sent: oldest first.
    let sent: Vec<Written> = records.iter().rev().filter_map(Record::written).collect();
    let onexport = {
        let (checker, sent, problem) = (checker, sent.clone(), problem.setter());
        Callback::from(move |_: MouseEvent| {
            let (checker, sent, problem) = (checker.clone(), sent.clone(), problem.clone());
            spawn_local(async move { problem.set(export(&checker, sent).await.err()) });
        })
    };
    html! {
        <>
            <div class="history-head">
                <p class="note">{ "Kept in this browser only." }</p>
                <button type="button" class="quiet" data-testid="history-export" disabled={sent.is_empty()} onclick={onexport}
                    title="A file that irongate produce --from sends again, oldest first">{ "Export" }</button>
                <button type="button" class="quiet bad" data-testid="history-clear" onclick={forget(None)}>{ "Forget all" }</button>
            </div>
            if let Some(why) = &*problem { <p class="bad" role="alert">{ sentence(why) }</p> }
            <ol class="history">{ records.iter().map(|record| row(record, props, forget(Some(record.id)))).collect::<Html>() }</ol>
        </>
    }
}

fn row(record: &Record, props: &HistorySheetProps, remove: Callback<MouseEvent>) -> Html {
    let form = record.form();
    let time = date_time(record.id, utc_offset_minutes(record.id));
    let edit = {
        let form = form.clone();
        props.onedit.reform(move |_: MouseEvent| form.clone())
    };
    let resend = {
        let form = form.clone();
        props.onresend.reform(move |_: MouseEvent| form.clone())
    };
    let tone = if record.acknowledged { "good" } else { "bad" };
    html! {
        <li key={record.id} class="history-row" data-testid="history-row">
            <p class="result-head"><time>{ time }</time><code>{ form.topic.to_string() }</code></p>
            <p class="mono history-payload">{ preview(form.payload.as_bytes(), PREVIEW_CHARACTERS_MAX) }</p>
            <div class="history-foot">
                <span class={tone}>{ &record.outcome }</span>
                <button type="button" class="quiet" data-testid="history-edit" onclick={edit}>{ "Edit" }</button>
                <button type="button" class="quiet" data-testid="history-resend" onclick={resend}>{ "Send again" }</button>
                <button type="button" class="quiet icon-button" data-testid="history-remove" aria-label="Forget this message" onclick={remove}>
                    { icons::close() }
                </button>
            </div>
        </li>
    }
}
