//! The bar over the rows: the state of the stream, counts, filter, pause and clear.

use yew::prelude::*;
use yew::props;

use super::field::{TextFieldProps, text_field};
use crate::hooks::use_tail::Connection;
use crate::state::verdict::sentence;
use crate::text::size::{counted, grouped};

/// Properties of [`tail_status`].
#[derive(Clone, PartialEq, Properties)]
pub struct TailStatusProps {
    /// Where the stream stands.
    pub connection: Connection,
    /// Rows held.
    pub held: usize,
    /// Rows that the filter lets through; none without a filter.
    pub matching: Option<usize>,
    /// The filter has rows left to look at.
    pub scanning: bool,
    /// Messages that have arrived since connecting.
    pub arrived: u64,
    /// Messages that were never stored and not seen in time.
    pub missed: u64,
    /// Whether the view is held by the user.
    pub paused: bool,
    /// Rows that wait above a view that is held.
    pub waiting: usize,
    /// The filter as typed.
    pub filter: AttrValue,
    /// Called with the filter at every change.
    pub onfilter: Callback<String>,
    /// Called to hold the view or let it go.
    pub onpause: Callback<()>,
    /// Called to forget all rows.
    pub onclear: Callback<()>,
}

/// The bar. Test ids: `tail-state`, `tail-count`, `tail-filter`, `tail-pause`, `tail-clear`.
pub fn tail_status(props: &TailStatusProps) -> Html {
    let (class, words, why) = state(&props.connection);
    let held = counted(props.held, "message", "messages");
    let count = match props.matching {
        Some(matching) => format!("{} of {held}", grouped(matching as u64)),
        None => held,
    };
    html! {
        <div class="tail-status">
            <p class={classes!("stream", class)} role="status" data-testid="tail-state" data-state={class}>
                <span class="dot" aria-hidden="true"></span>{ words }
            </p>
            <p class="counts">
                <span data-testid="tail-count">{ count }</span>
                if props.scanning { <span class="muted">{ " searching…" }</span> }
                if props.arrived > props.held as u64 {
                    <span class="muted" title="The oldest rows make room for new ones, and cleared rows are gone">
                        { format!(" {} arrived", grouped(props.arrived)) }</span>
                }
                if props.missed > 0 {
                    <span class="caution">{ format!(" {} missed", grouped(props.missed)) }</span>
                }
            </p>
            { text_field(&props!(TextFieldProps {
                id: "tail-filter", label: "Filter", value: props.filter.clone(),
                onchange: props.onfilter.clone(), kind: "search",
                placeholder: "text in payload, key, attributes, topic", class: "filter",
            })) }
            <div class="tail-buttons">
                <button type="button" class="secondary" data-testid="tail-pause" aria-pressed={props.paused.to_string()}
                    onclick={props.onpause.reform(|_: MouseEvent| ())}>
                    { if props.paused { pause_words(props.waiting) } else { "Pause".to_owned() } }
                </button>
                <button type="button" class="secondary" data-testid="tail-clear" onclick={props.onclear.reform(|_: MouseEvent| ())}>
                    { "Clear" }
                </button>
            </div>
            if let Some(why) = why { <p class="stream-why">{ why }</p> }
        </div>
    }
}

fn pause_words(waiting: usize) -> String {
    if waiting == 0 { "Resume".to_owned() } else { format!("Resume, {} new", grouped(waiting as u64)) }
}

/// A class, a few words, and for trouble a sentence.
fn state(connection: &Connection) -> (&'static str, String, Option<String>) {
    match connection {
        Connection::Idle => ("idle", "Not connected".to_owned(), None),
        Connection::Connecting => ("connecting", "Connecting…".to_owned(), None),
        Connection::CatchingUp => ("live", "Live, catching up…".to_owned(), None),
        Connection::Live => ("live", "Live".to_owned(), None),
        Connection::Waiting { failure, wait_ms } => {
            let words = format!("Trying again in {}.{} s", wait_ms / 1000, wait_ms % 1000 / 100);
            ("waiting", words, Some(sentence(&failure.message)))
        }
        Connection::Refused(failure) => ("refused", "Refused".to_owned(), Some(sentence(&failure.message))),
    }
}
