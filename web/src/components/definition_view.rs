//! The text of a registered schema, or how it differs from another version of it.

use yew::prelude::*;

use crate::text::json_format::pretty;
use crate::text::line_diff::{Change, line_diff};

/// Properties of [`definition_view`].
#[derive(Clone, PartialEq, Properties)]
pub struct DefinitionViewProps {
    /// The text.
    pub text: AttrValue,
    /// The text to compare it with; none: it is shown by itself.
    pub older: Option<AttrValue>,
}

/// The text. Test ids: `subject-definition` by itself, `subject-diff` with the differences.
pub fn definition_view(props: &DefinitionViewProps) -> Html {
    let Some(older) = &props.older else {
        return html! { <pre class="definition" data-testid="subject-definition" tabindex="0">{ &props.text }</pre> };
    };
    // White space is nobody's change, where there is a layout to compare by.
    let (old, new) = match (pretty(older), pretty(&props.text)) {
        (Some(old), Some(new)) => (old, new),
        _ => (older.to_string(), props.text.to_string()),
    };
    let changes = line_diff(&old, &new);
    let count = |wanted| changes.iter().filter(|(change, _)| *change == wanted).count();
    let line = |(change, line): &(Change, &str)| {
        let (class, sign) = match change {
            Change::Same => ("same", "  "),
            Change::Removed => ("removed", "- "),
            Change::Added => ("added", "+ "),
        };
        html! { <span {class}>{ sign }{ line.to_owned() }{ "\n" }</span> }
    };
    html! {
        <>
            <p class="muted" role="status">{ format!("{} lines added, {} removed", count(Change::Added), count(Change::Removed)) }</p>
            <pre class="definition diff" data-testid="subject-diff" tabindex="0">{ changes.iter().map(line).collect::<Html>() }</pre>
        </>
    }
}
