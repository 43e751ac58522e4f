//! Load: how much a topic takes and how long each message takes. The host makes the load; leaving the page stops it.

use irongate_proto::irongate_v1::Feature;
use yew::prelude::*;
use yew::props;

use crate::api;
use crate::components::confirm::{ConfirmProps, confirm};
use crate::components::failure::lacking;
use crate::components::load_fields::{LoadFieldsProps, load_fields};
use crate::components::load_result::load_result;
use crate::hooks::use_action::Progress;
use crate::hooks::use_console::use_console;
use crate::hooks::use_load::use_load;
use crate::hooks::use_remote::use_remote;
use crate::hooks::use_topic_facts::use_topic_facts;
use crate::state::load_form::LoadForm;
use crate::state::load_run::Stage;

/// The page. Test ids besides those of its components: `load-start`, `load-stop`, `load-barred`.
#[component]
pub fn Load() -> Html {
    let console = use_console();
    let form = use_state(LoadForm::default);
    let asking = use_state(|| false);
    let load = use_load();
    let topics = use_remote(console.revision, |_| async { Ok(api::topics::list().await?.topics) });
    let subjects = use_remote(console.revision, |_| api::registry::subjects());
    let versions = use_remote((form.subject.clone(), console.revision), |(subject, _)| {
        api::registry::versions_of_chosen(subject.clone())
    });
    let running = load.run.stage == Stage::Running;
    // A run makes a topic that was not there: asked again when one begins and when it ends.
    let facts = use_topic_facts(&form.topic.clone().into(), console.revision * 2 + u32::from(running));
    let onchange = {
        let form = form.setter();
        Callback::from(move |changed| form.set(changed))
    };
    let request = form.request(&facts);
    let production = console.production();
    let barred = console.read_only();
    let begin = {
        let (begin, request) = (load.begin.clone(), request.clone());
        Callback::from(move |()| {
            if let Some(request) = request.clone() {
                begin.emit(request);
            }
        })
    };
    let ask = |open: bool| {
        let asking = asking.setter();
        Callback::from(move |()| asking.set(open))
    };
    let onsubmit = {
        let (begin, ask) = (begin.clone(), ask(true));
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if production { ask.emit(()) } else { begin.emit(()) }
        })
    };
    let onconfirm = {
        let (begin, close) = (begin, ask(false));
        Callback::from(move |()| {
            close.emit(());
            begin.emit(());
        })
    };
    let environment = console.host.ready().map(|info| info.environment.clone()).unwrap_or_default();
    html! {
        <div class="load">
            <header class="page-head"><h1>{ "Load" }</h1></header>
            <form class="load-form" {onsubmit}>
                { load_fields(&props!(LoadFieldsProps {
                    form: (*form).clone(), onchange, topics, facts, subjects, versions,
                    no_browse: console.missing(Feature::Browse),
                })) }
                { lacking("load-barred", barred.as_ref()) }
                <div class="load-buttons">
                    <button type="submit" class="primary" data-testid="load-start" disabled={running || request.is_none() || barred.is_some()}>{ "Start" }</button>
                    if running {
                        <button type="button" class="secondary" data-testid="load-stop" onclick={load.stop.reform(|_: MouseEvent| ())}>{ "Stop" }</button>
                    }
                    <p class="note">{ "Leaving this page stops the run." }</p>
                </div>
            </form>
            { load_result(&load.run) }
            { confirm(&props!(ConfirmProps {
                open: *asking, title: "Load on production",
                what: "This host is production. The load takes its share of processor and disk, and its messages stay in the topic.",
                name: environment, verb: "Start the load", progress: Progress::Idle, onclose: ask(false), onconfirm,
            })) }
        </div>
    }
}
