//! One field with its label, its hint and what is wrong with it. A label for every field,
//! and the sentences tied to it for those who do not see the page.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::browser;

/// Properties of [`text_field`].
#[derive(Clone, PartialEq, Properties)]
pub struct TextFieldProps {
    /// Unique in the page; also the `data-testid`.
    pub id: AttrValue,
    /// What the field is.
    pub label: AttrValue,
    /// Its content.
    pub value: AttrValue,
    /// Called with the new content at every change.
    pub onchange: Callback<String>,
    /// A few words below the field.
    #[prop_or_default]
    pub hint: AttrValue,
    /// A sentence that says what is wrong; takes the place of the hint.
    #[prop_or_default]
    pub problem: Option<AttrValue>,
    /// Shown while the field is empty.
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// The `id` of a list of suggestions.
    #[prop_or_default]
    pub suggestions: Option<AttrValue>,
    /// The kind of input.
    #[prop_or(AttrValue::Static("text"))]
    pub kind: AttrValue,
    /// The keyboard that a phone should show.
    #[prop_or_default]
    pub input_mode: Option<AttrValue>,
    /// `/` goes to this field.
    #[prop_or_default]
    pub search: bool,
    /// Shows a value that is not the user's to change.
    #[prop_or_default]
    pub readonly: bool,
    /// For names, keys and offsets.
    #[prop_or_default]
    pub mono: bool,
    /// Classes of the whole.
    #[prop_or_default]
    pub class: Classes,
}

/// A line of text.
pub fn text_field(props: &TextFieldProps) -> Html {
    let note = format!("{}-note", props.id);
    let oninput = props.onchange.reform(|event: InputEvent| browser::value_of(&event));
    // Browsers that fill a field in by themselves say `change` only.
    let onchange = props.onchange.reform(|event: Event| browser::value_of(&event));
    let noted = props.problem.is_some() || !props.hint.is_empty();
    html! {
        <div class={classes!("field", props.class.clone())}>
            <label for={props.id.clone()}>{ &props.label }</label>
            <input
                id={props.id.clone()}
                data-testid={props.id.clone()}
                data-search={props.search.then_some("")}
                class={classes!(props.mono.then_some("mono"))}
                type={props.kind.clone()}
                value={props.value.clone()}
                placeholder={props.placeholder.clone()}
                list={props.suggestions.clone()}
                inputmode={props.input_mode.clone()}
                readonly={props.readonly}
                aria-invalid={props.problem.is_some().then_some("true")}
                aria-describedby={noted.then(|| note.clone())}
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                {oninput}
                {onchange}
            />
            { note_line(note, &props.hint, props.problem.as_ref()) }
        </div>
    }
}

fn note_line(id: String, hint: &AttrValue, problem: Option<&AttrValue>) -> Html {
    match problem {
        Some(problem) => html! { <p {id} class="note problem">{ problem }</p> },
        None if hint.is_empty() => Html::default(),
        None => html! { <p {id} class="note">{ hint }</p> },
    }
}

/// Properties of [`SelectField`].
#[derive(Clone, PartialEq, Properties)]
pub struct SelectFieldProps {
    /// Unique in the page; also the `data-testid`.
    pub id: AttrValue,
    /// What the field is.
    pub label: AttrValue,
    /// The value of the chosen option.
    pub value: AttrValue,
    /// Values with their words, in groups; a group without a name has no heading.
    pub groups: Vec<(AttrValue, Vec<(AttrValue, AttrValue)>)>,
    /// Called with the value of another option.
    pub onchange: Callback<String>,
    /// A few words below the field.
    #[prop_or_default]
    pub hint: AttrValue,
    /// A sentence that says what is wrong; takes the place of the hint.
    #[prop_or_default]
    pub problem: Option<AttrValue>,
    /// Nothing to choose.
    #[prop_or_default]
    pub disabled: bool,
    /// Classes of the whole.
    #[prop_or_default]
    pub class: Classes,
}

/// One of several.
#[component]
pub fn SelectField(props: &SelectFieldProps) -> Html {
    let note = format!("{}-note", props.id);
    let onchange = props.onchange.reform(|event: Event| browser::value_of(&event));
    let select = use_node_ref();
    {
        // The browser keeps a choice of its own; options that come later would leave it behind.
        let select = select.clone();
        use_effect_with((props.value.clone(), props.groups.clone()), move |(value, _)| {
            if let Some(select) = select.cast::<HtmlSelectElement>() {
                select.set_value(value);
            }
        });
    }
    let option = |(value, words): &(AttrValue, AttrValue)| {
        html! { <option key={value.to_string()} value={value.clone()}>{ words }</option> }
    };
    let group = |(name, options): &(AttrValue, Vec<(AttrValue, AttrValue)>)| {
        let options = options.iter().map(option).collect::<Html>();
        if name.is_empty() {
            options
        } else {
            html! { <optgroup label={name.clone()}>{ options }</optgroup> }
        }
    };
    html! {
        <div class={classes!("field", props.class.clone())}>
            <label for={props.id.clone()}>{ &props.label }</label>
            <select
                ref={select}
                id={props.id.clone()}
                data-testid={props.id.clone()}
                disabled={props.disabled}
                aria-invalid={props.problem.is_some().then_some("true")}
                aria-describedby={note.clone()}
                {onchange}
            >
                { props.groups.iter().map(group).collect::<Html>() }
            </select>
            { note_line(note, &props.hint, props.problem.as_ref()) }
        </div>
    }
}
