//! The sheet that creates a topic: its name, reliable or not, partitions, and the schema
//! it is bound to from its first message on.

use irongate_proto::danube::DispatchStrategy;
use irongate_proto::irongate_v1::CreateTopicRequest;
use yew::prelude::*;
use yew::props;

use super::dialog::Sheet;
use super::failure::outcome_of;
use super::field::{SelectField, TextFieldProps, text_field};
use crate::api;
use crate::browser::checked_of;
use crate::hooks::use_action::use_action;
use crate::hooks::use_remote::use_remote;
use crate::state::schema_choice::{VersionChoice, reference};
use crate::state::topic_name;

/// Properties of [`topic_create`].
#[derive(Clone, PartialEq, Properties)]
pub struct TopicCreateProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
    /// Called with the name of the topic that has been created.
    pub oncreated: Callback<String>,
}

/// The sheet. Test ids: `create-topic`, `create-name`, `create-partitions`, `create-reliable`, `create-subject`, `create-go`.
pub fn topic_create(props: &TopicCreateProps) -> Html {
    html! {
        <Sheet id="create-topic" title="Create a topic" open={props.open} onclose={props.onclose.clone()}>
            <CreateForm ..props.clone() />
        </Sheet>
    }
}

#[component]
fn CreateForm(props: &TopicCreateProps) -> Html {
    let name = use_state(String::new);
    let partitions = use_state(String::new);
    let subject = use_state(String::new);
    let reliable = use_state(|| true);
    let action = use_action();
    let subjects = use_remote((), |()| api::registry::subjects());
    let set = |state: &UseStateHandle<String>| {
        let state = state.setter();
        Callback::from(move |text: String| state.set(text.trim().to_owned()))
    };
    let problem = topic_name::problem(&name);
    let count = if partitions.is_empty() { Some(0) } else { partitions.parse().ok().filter(|count: &u32| *count > 0) };
    let ready = problem.is_none() && count.is_some() && !action.running();
    let onsubmit = {
        let (action, name, subject) = (action.clone(), name.to_string(), subject.to_string());
        let (reliable, oncreated) = (*reliable, props.oncreated.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let strategy = if reliable { DispatchStrategy::Reliable } else { DispatchStrategy::NonReliable };
            let request = CreateTopicRequest {
                topic: name.clone(),
                dispatch_strategy: strategy as i32,
                partitions: count.unwrap_or(0),
                schema_ref: reference(&subject, VersionChoice::Latest),
            };
            let (oncreated, name) = (oncreated.clone(), name.clone());
            action.run(api::topics::create(request), Callback::from(move |()| oncreated.emit(name.clone())));
        })
    };
    let tick = {
        let reliable = reliable.setter();
        Callback::from(move |event: Event| reliable.set(checked_of(&event)))
    };
    let mut options = vec![(AttrValue::default(), AttrValue::Static("None: any payload will do"))];
    options.extend(subjects.ready().into_iter().flatten().map(|known| {
        let name = AttrValue::from(known.subject.clone());
        (name.clone(), name)
    }));
    let partitions_problem = count.is_none().then_some(AttrValue::Static("a whole number from 1, or nothing"));
    html! {
        <form class="register" {onsubmit}>
            { text_field(&props!(TextFieldProps {
                id: "create-name", label: "Topic", value: (*name).clone(), onchange: set(&name), mono: true,
                placeholder: "/default/user-events", hint: "/namespace/topic",
                problem: problem.filter(|_| !name.is_empty()).map(AttrValue::from),
            })) }
            { text_field(&props!(TextFieldProps {
                id: "create-partitions", label: "Partitions", value: (*partitions).clone(), onchange: set(&partitions), mono: true,
                placeholder: "none", input_mode: "numeric", problem: partitions_problem,
                hint: "How many stays as it is for ever. Nothing: one topic without partitions.",
            })) }
            <label class="check">
                <input type="checkbox" data-testid="create-reliable" checked={*reliable} onchange={tick} />
                { "Reliable: stored on disk before it is acknowledged" }
            </label>
            <SelectField id="create-subject" label="Schema subject" value={(*subject).clone()} onchange={set(&subject)}
                groups={vec![(AttrValue::default(), options)]} hint="A bound topic takes valid messages only." />
            { outcome_of(&action.progress) }
            <div class="register-foot">
                <button type="submit" class="primary" data-testid="create-go" disabled={!ready}>{ "Create" }</button>
            </div>
        </form>
    }
}
