//! What can be done to a pipeline: pause, resume, back to the version before, delete. Where the environment is production each asks
//! for the name first; deleting always does.

use irongate_proto::pipelines_v1::Pipeline;
use irongate_proto::pipelines_v1::pipeline::State;
use yew::prelude::*;
use yew::props;

use super::confirm::{ConfirmProps, confirm};
use super::failure::{lacking, outcome_of};
use crate::api;
use crate::api::Failure;
use crate::hooks::use_action::use_action;
use crate::hooks::use_console::use_console;

/// Properties of [`PipelineActions`].
#[derive(Clone, PartialEq, Properties)]
pub struct PipelineActionsProps {
    /// Its name.
    pub name: AttrValue,
    /// Whether it is paused.
    pub is_paused: bool,
    /// The version before this one; 0: there is none.
    pub version_before: u64,
    /// Called with what has been done.
    pub ontold: Callback<String>,
    /// Called when it has been deleted.
    pub ongone: Callback<()>,
}

/// The properties of this pipeline's actions, without the callbacks.
pub fn actions(pipeline: &Pipeline, ontold: &Callback<String>, ongone: &Callback<()>) -> Html {
    let is_paused = pipeline.state() == State::Paused;
    html! {
        <PipelineActions name={pipeline.name.clone()} {is_paused} version_before={pipeline.version_before} {ontold} {ongone} />
    }
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asked {
    Pause,
    Resume,
    RollBack,
    Delete,
}

impl Asked {
    /// Heading, consequence, and the word on the button.
    fn words(self, before: u64) -> (&'static str, String, &'static str) {
        match self {
            Asked::Pause => (
                "Pause the pipeline",
                "What is in flight is settled, then nothing more is read, also not after a restart. Its source goes on filling.".to_owned(),
                "Pause",
            ),
            Asked::Resume => ("Resume the pipeline", "It goes on where it stood.".to_owned(), "Resume"),
            Asked::RollBack => (
                "Go back to the version before",
                format!(
                    "Version {before} is deployed again, as a new version. What is in flight is settled first; it goes on at the next record."
                ),
                "Go back",
            ),
            Asked::Delete => (
                "Delete the pipeline",
                "It ends, and its versions and the state of its stages are forgotten. Its topics stay, and so does its subscription: \
                 one that is deployed under it goes on where this one stood."
                    .to_owned(),
                "Delete",
            ),
        }
    }
}

/// Does it, and answers it in a sentence.
async fn done(asked: Asked, name: String) -> Result<String, Failure> {
    match asked {
        Asked::Pause => api::pipelines::pause(name.clone()).await?,
        Asked::Resume => api::pipelines::resume(name.clone()).await?,
        Asked::Delete => api::pipelines::remove(name.clone()).await?,
        Asked::RollBack => {
            let version = api::pipelines::roll_back(name.clone()).await?;
            return Ok(format!("{name}: the version before is deployed again, as version {version}."));
        }
    }
    Ok(match asked {
        Asked::Pause => format!("{name} is paused: what was in flight is settled."),
        Asked::Resume => format!("{name} goes on where it stood."),
        Asked::RollBack | Asked::Delete => {
            format!("{name} is deleted. Its topics and its subscription are still there.")
        }
    })
}

/// The buttons. Test ids: `pipeline-pause` or `pipeline-resume`, `pipeline-roll-back`, `pipeline-delete`, `pipeline-barred`, and those
/// of the question.
#[component]
pub fn PipelineActions(props: &PipelineActionsProps) -> Html {
    let asked = use_state(|| None::<Asked>);
    let action = use_action();
    let console = use_console();
    let barred = console.read_only();
    let close = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(None))
    };
    let run = {
        let (action, props, close) = (action.clone(), props.clone(), close.clone());
        Callback::from(move |what: Asked| {
            let (name, told) = (props.name.to_string(), props.ontold.clone());
            told.emit(String::new());
            let doing = async move {
                told.emit(done(what, name).await?);
                Ok(())
            };
            action.run(doing, if what == Asked::Delete { props.ongone.clone() } else { close.clone() });
        })
    };
    let ask = {
        let (asked, run, production) = (asked.setter(), run.clone(), console.production());
        Callback::from(move |what: Asked| match what {
            Asked::Pause | Asked::Resume | Asked::RollBack if !production => run.emit(what),
            _ => asked.set(Some(what)),
        })
    };
    let button = |what: Asked, id: &'static str, class: &'static str, words: &str, stands: bool| {
        let onclick = ask.reform(move |_: MouseEvent| what);
        let disabled = barred.is_some() || action.running() || !stands;
        html! { <button type="button" {class} data-testid={id} {onclick} {disabled}>{ words.to_owned() }</button> }
    };
    let back = match props.version_before {
        0 => "No version to go back to".to_owned(),
        before => format!("Back to version {before}"),
    };
    let (title, what, verb) = asked.map(|asked| asked.words(props.version_before)).unwrap_or_default();
    let onconfirm = {
        let (run, asked) = (run, *asked);
        Callback::from(move |()| asked.into_iter().for_each(|asked| run.emit(asked)))
    };
    html! {
        <>
            <div class="danger-row">
                if props.is_paused {
                    { button(Asked::Resume, "pipeline-resume", "secondary", "Resume", true) }
                } else {
                    { button(Asked::Pause, "pipeline-pause", "secondary", "Pause", true) }
                }
                { button(Asked::RollBack, "pipeline-roll-back", "secondary", &back, props.version_before > 0) }
                { button(Asked::Delete, "pipeline-delete", "quiet bad", "Delete…", true) }
            </div>
            { lacking("pipeline-barred", barred.as_ref()) }
            if asked.is_none() { { outcome_of(&action.progress) } }
            { confirm(&props!(ConfirmProps {
                open: asked.is_some(), title, what, name: props.name.clone(), verb,
                progress: action.progress.clone(), onclose: close, onconfirm,
            })) }
        </>
    }
}
