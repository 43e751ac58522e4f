//! Tail: messages of one or several topics as they come, or from where one wants to look.

use irongate_proto::irongate_v1::Feature;
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::browser::{epoch_ms, utc_offset_minutes};
use crate::components::message_detail::{MessageDetailProps, message_detail};
use crate::components::page_link::PageLink;
use crate::components::tail_controls::{TailFormProps, tail_form};
use crate::components::tail_rows::TailRows;
use crate::components::tail_status::{TailStatusProps, tail_status};
use crate::hooks::use_address::use_address;
use crate::hooks::use_console::use_console;
use crate::hooks::use_remote::use_remote;
use crate::hooks::use_tail::{Connection, Tail as Live, use_tail};
use crate::routes::Route;
use crate::state::tail_query::TailQuery;
use crate::state::verdict::sentence;

/// The page. An address that names a topic connects by itself. Test ids are those of its components.
#[component]
pub fn Tail() -> Html {
    let console = use_console();
    let tail = use_tail();
    let asked = use_query(&tail);
    let filter = use_state(String::new);
    let selected = use_state(|| None::<u64>);
    let held = use_hold(&tail);
    let topics = use_remote(console.revision, |_| async { Ok(api::topics::list().await?.topics) });
    let connection = tail.connection();
    let onfilter = {
        let (tail, filter) = (tail.clone(), filter.setter());
        Callback::from(move |text: String| {
            tail.change(|buffer| buffer.set_filter(&text));
            filter.set(text);
        })
    };
    let onclear = {
        let (tail, selected) = (tail.clone(), selected.setter());
        Callback::from(move |()| {
            tail.change(|buffer| buffer.clear());
            selected.set(None);
        })
    };
    let onselect = {
        let selected = selected.setter();
        Callback::from(move |sequence| selected.set(Some(sequence)))
    };
    let onclose = {
        let selected = selected.setter();
        Callback::from(move |()| selected.set(None))
    };
    let buffer = tail.buffer();
    let row = selected.and_then(|sequence| buffer.row(sequence).cloned());
    let matching = (!filter.is_empty()).then(|| buffer.view_len());
    html! {
        <div class="tail" onkeydown={close_on_escape(onclose.clone())}>
            <header class="page-head"><h1>{ "Tail" }</h1></header>
            { tail_form(&props!(TailFormProps {
                query: asked.query, onchange: asked.onchange, onconnect: asked.onconnect,
                ondisconnect: asked.ondisconnect,
                connected: !matches!(connection, Connection::Idle | Connection::Refused(_)),
                problem: asked.problem, topics,
                no_past: console.missing(Feature::BrowseStored), no_browse: console.missing(Feature::Browse),
            })) }
            { tail_status(&props!(TailStatusProps {
                connection: connection.clone(), held: buffer.held_count(), matching,
                scanning: buffer.scanning(), arrived: buffer.arrived_count(), missed: buffer.missed_count(),
                paused: held.paused, waiting: buffer.waiting_count(), filter: (*filter).clone(), onfilter,
                onpause: held.onpause, onclear,
            })) }
            <div class={classes!("tail-body", row.is_some().then_some("with-detail"))}>
                if buffer.view_len() == 0 { { nothing(&connection, buffer.held_count()) } }
                <TailRows tail={tail.clone()} selected={*selected} {onselect} onscrolled={held.onscrolled} />
                if let Some(row) = row { { message_detail(&props!(MessageDetailProps { row, onclose })) } }
            </div>
        </div>
    }
}

fn close_on_escape(onclose: Callback<()>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            onclose.emit(());
        }
    })
}

/// What to do next, where there is nothing to see.
fn nothing(connection: &Connection, held: usize) -> Html {
    let (words, hint) = match connection {
        _ if held > 0 => ("No message matches the filter", "Shorten the filter, or clear it to see all messages held."),
        Connection::Idle => (
            "Nothing is being watched",
            "Name a topic and connect. “Earliest” also shows what a reliable topic has stored.",
        ),
        Connection::Connecting | Connection::Waiting { .. } => {
            ("Waiting for the host", "The stream opens as soon as the host answers.")
        }
        Connection::Refused(_) => {
            ("The host refuses this request", "Correct the topics or the start, and connect again.")
        }
        Connection::CatchingUp | Connection::Live => (
            "Waiting for messages",
            "A message sent to this topic appears here at once. Older ones appear with the start “Earliest”.",
        ),
    };
    html! {
        <div class="empty-state tail-empty">
            <p class="empty-title">{ words }</p>
            <p>{ hint }</p>
            <PageLink to={Route::Produce} class="button secondary">{ "Produce a message" }</PageLink>
        </div>
    }
}

/// The fields, what they do, and what is wrong with them.
struct Asked {
    query: TailQuery,
    problem: Option<AttrValue>,
    onchange: Callback<TailQuery>,
    onconnect: Callback<()>,
    ondisconnect: Callback<()>,
}

#[hook]
fn use_query(tail: &Live) -> Asked {
    let address = use_address();
    let query = use_state(|| TailQuery {
        topics: address.parameter("topic"),
        start: address.parameter("start").parse().unwrap_or_default(),
        argument: address.parameter("at"),
    });
    let problem = use_state(|| None);
    let onconnect = {
        let (tail, query, problem) = (tail.clone(), query.clone(), problem.setter());
        Callback::from(move |()| match query.request(utc_offset_minutes(epoch_ms())) {
            Err(why) => problem.set(Some(AttrValue::from(sentence(&why)))),
            Ok(request) => {
                problem.set(None);
                let start = query.start.to_string();
                let parameters = [("topic", query.topics.as_str()), ("start", &start), ("at", &query.argument)];
                address.go(Route::Tail, &parameters, false);
                tail.connect(request);
            }
        })
    };
    {
        let (onconnect, named) = (onconnect.clone(), !query.topics.is_empty());
        use_effect_with((), move |()| {
            if named {
                onconnect.emit(());
            }
        });
    }
    let onchange = {
        let query = query.setter();
        Callback::from(move |changed| query.set(changed))
    };
    let ondisconnect = {
        let tail = tail.clone();
        Callback::from(move |()| tail.disconnect())
    };
    Asked { query: (*query).clone(), problem: (*problem).clone(), onchange, onconnect, ondisconnect }
}

/// What holds the view: the user's pause, or reading away from the top.
struct Hold {
    paused: bool,
    onpause: Callback<()>,
    onscrolled: Callback<bool>,
}

#[hook]
fn use_hold(tail: &Live) -> Hold {
    let paused = use_state(|| false);
    let away = use_state(|| false);
    {
        let tail = tail.clone();
        use_effect_with(*paused || *away, move |hold| {
            let hold = *hold;
            tail.change(|buffer| if hold { buffer.hold() } else { buffer.follow() });
        });
    }
    let onpause = {
        let paused = paused.clone();
        Callback::from(move |()| paused.set(!*paused))
    };
    let onscrolled = {
        let away = away.setter();
        Callback::from(move |scrolled| away.set(scrolled))
    };
    Hold { paused: *paused, onpause, onscrolled }
}
