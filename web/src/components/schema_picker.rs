//! Which schema messages are made for: subject and version, on the pages Produce and Load. Registering one is the
//! business of the register panel.

use irongate_proto::danube_schema::{SchemaVersionInfo, SubjectSummary};
use yew::prelude::*;
use yew::props;

use super::field::SelectField;
use super::icons;
use crate::hooks::use_remote::Remote;
use crate::state::form::{FormAction, ProduceForm};
use crate::state::schema_choice::VersionChoice;
use crate::state::topic_facts::TopicFacts;
use crate::state::verdict::sentence;

/// Properties of [`schema_picker`].
#[derive(Clone, PartialEq, Properties)]
pub struct SchemaPickerProps {
    /// The form.
    pub form: UseReducerHandle<ProduceForm>,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// All subjects of the registry.
    pub subjects: Remote<Vec<SubjectSummary>>,
    /// The versions of the subject in force.
    pub versions: Remote<Vec<SchemaVersionInfo>>,
    /// Opens the register panel.
    pub onregister: Callback<()>,
}

/// The picker. Test ids: `schema-new`, and those of [`schema_fields`] for `produce`.
pub fn schema_picker(props: &SchemaPickerProps) -> Html {
    let form = &props.form;
    let onsubject = {
        let form = form.dispatcher();
        Callback::from(move |subject| form.dispatch(FormAction::Subject(subject)))
    };
    let onversion = {
        let form = form.dispatcher();
        Callback::from(move |choice| form.dispatch(FormAction::Version(choice)))
    };
    let register = props.onregister.reform(|_: MouseEvent| ());
    html! {
        <div class="schema-picker">
            { schema_fields(&props!(SchemaFieldsProps {
                id: "produce", subject: form.subject.to_string(), version: form.version, facts: props.facts.clone(),
                subjects: props.subjects.clone(), versions: props.versions.clone(), onsubject, onversion,
            })) }
            <button type="button" class="secondary" data-testid="schema-new" onclick={register}>{ icons::add() }{ "New schema" }</button>
        </div>
    }
}

/// Properties of [`schema_fields`].
#[derive(Clone, PartialEq, Properties)]
pub struct SchemaFieldsProps {
    /// What the test ids begin with.
    pub id: AttrValue,
    /// The chosen subject; empty: the topic's own.
    pub subject: AttrValue,
    /// The chosen version.
    pub version: VersionChoice,
    /// What is known of the topic.
    pub facts: TopicFacts,
    /// All subjects of the registry.
    pub subjects: Remote<Vec<SubjectSummary>>,
    /// The versions of the chosen subject.
    pub versions: Remote<Vec<SchemaVersionInfo>>,
    /// Called with another subject.
    pub onsubject: Callback<String>,
    /// Called with another version.
    pub onversion: Callback<VersionChoice>,
}

/// Subject and version. Test ids: `<id>-subject`, `<id>-version`.
pub fn schema_fields(props: &SchemaFieldsProps) -> Html {
    let onversion = {
        let onversion = props.onversion.clone();
        Callback::from(move |choice: String| {
            if let Ok(choice) = choice.parse() {
                onversion.emit(choice);
            }
        })
    };
    let problem = match &props.subjects {
        Remote::Failed(failure) => Some(AttrValue::from(sentence(&failure.message))),
        Remote::Pending | Remote::Ready(_) => None,
    };
    let chosen = !props.subject.is_empty();
    html! {
        <>
            <SelectField id={format!("{}-subject", props.id)} label="Schema subject" value={props.subject.clone()}
                groups={subject_groups(props)} onchange={props.onsubject.clone()} {problem} class="grow" />
            <SelectField id={format!("{}-version", props.id)} label="Version" value={props.version.to_string()}
                groups={version_groups(props)} onchange={onversion} disabled={!chosen} class="version" />
        </>
    }
}

type Groups = Vec<(AttrValue, Vec<(AttrValue, AttrValue)>)>;

fn subject_groups(props: &SchemaFieldsProps) -> Groups {
    let own = match props.facts.bound_subject() {
        Some(bound) => format!("As the topic: {bound}"),
        None => "None".to_owned(),
    };
    let subjects = props.subjects.ready().map(Vec::as_slice).unwrap_or_default();
    let mut options: Vec<(AttrValue, AttrValue)> = subjects
        .iter()
        .map(|subject| {
            let name = AttrValue::from(subject.subject.clone());
            (name.clone(), name)
        })
        .collect();
    let chosen = &*props.subject;
    let known = subjects.iter().any(|subject| subject.subject == chosen);
    if !chosen.is_empty() && !known {
        // A draft or a link may name what the registry does not have: keep it in sight.
        options.insert(0, (chosen.to_owned().into(), format!("{chosen} (not registered)").into()));
    }
    let none = (AttrValue::default(), vec![(AttrValue::default(), own.into())]);
    if options.is_empty() { vec![none] } else { vec![none, ("Registered subjects".into(), options)] }
}

fn version_groups(props: &SchemaFieldsProps) -> Groups {
    let versions = props.versions.ready().map(Vec::as_slice).unwrap_or_default();
    let latest = versions.iter().map(|version| version.version).max();
    let words = latest.map_or_else(|| "Latest".to_owned(), |latest| format!("Latest (version {latest})"));
    let mut groups: Groups =
        vec![(AttrValue::default(), vec![(VersionChoice::Latest.to_string().into(), words.into())])];
    let options = |choice: fn(u32) -> VersionChoice, words: &dyn Fn(u32) -> String| {
        let mut numbers: Vec<u32> = versions.iter().map(|version| version.version).collect();
        let chosen = match props.version {
            VersionChoice::Pinned(version) | VersionChoice::Minimum(version) => Some(version),
            VersionChoice::Latest => None,
        };
        // As with subjects: a version that is chosen but not there stays in sight.
        numbers.extend(chosen.filter(|version| !numbers.contains(version)));
        let option = |number: u32| (AttrValue::from(choice(number).to_string()), AttrValue::from(words(number)));
        numbers.into_iter().map(option).collect::<Vec<_>>()
    };
    groups.push(("Pinned".into(), options(VersionChoice::Pinned, &|version| format!("Version {version} exactly"))));
    groups.push(("Minimum".into(), options(VersionChoice::Minimum, &|version| format!("Version {version} or later"))));
    groups.retain(|(_, options)| !options.is_empty());
    groups
}
