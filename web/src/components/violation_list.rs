//! Every broken rule of a message: which rule, where in the data, where in the schema, and
//! the sentence. A row goes to its place in the editor. How many there can be is a limit of the crate `schema`.

use std::rc::Rc;

use irongate_proto::irongate_v1::Violation;
use yew::prelude::*;

/// Properties of [`ViolationList`].
#[derive(Clone, PartialEq, Properties)]
pub struct ViolationListProps {
    /// All of them.
    pub violations: Rc<[Violation]>,
    /// Called with the first byte of a violation; none: rows go nowhere.
    #[prop_or_default]
    pub onlocate: Option<Callback<usize>>,
    /// The `id` of the list; also its `data-testid`.
    #[prop_or(AttrValue::Static("violations"))]
    pub id: AttrValue,
}

/// The list. Test ids: `violations`; in each row `violation`, `violation-rule`,
/// `violation-instance-path`, `violation-position` ("line L, column C"), `violation-schema-path`,
/// `violation-message`.
#[component]
pub fn ViolationList(props: &ViolationListProps) -> Html {
    let rows = props.violations.iter().enumerate();
    html! {
        if !props.violations.is_empty() {
            <ol class="violations" id={props.id.clone()} data-testid={props.id.clone()}>
                { rows.map(|(index, violation)| row(index, violation, props.onlocate.as_ref())).collect::<Html>() }
            </ol>
        }
    }
}

fn row(index: usize, violation: &Violation, onlocate: Option<&Callback<usize>>) -> Html {
    let body = body(violation);
    let byte = usize::try_from(violation.byte_start).unwrap_or(usize::MAX);
    match onlocate {
        Some(onlocate) => {
            let onclick = onlocate.reform(move |_: MouseEvent| byte);
            html! { <li key={index}><button type="button" class="violation" data-testid="violation" {onclick}>{ body }</button></li> }
        }
        None => html! { <li key={index}><div class="violation" data-testid="violation">{ body }</div></li> },
    }
}

fn body(violation: &Violation) -> Html {
    let position = match violation.line {
        0 => format!("bytes {} to {}", violation.byte_start, violation.byte_end),
        line => format!("line {line}, column {}", violation.column),
    };
    let place = if violation.instance_path.is_empty() { "(the whole message)" } else { &violation.instance_path };
    html! {
        <>
            <span class="violation-head">
                <span class="rule" data-testid="violation-rule">{ &violation.rule }</span>
                <code class="pointer" data-testid="violation-instance-path">{ place.to_owned() }</code>
                <span class="position" data-testid="violation-position">{ position }</span>
            </span>
            <span class="violation-message" data-testid="violation-message">{ &violation.message }</span>
            if !violation.schema_path.is_empty() {
                <span class="violation-schema">{ "schema " }<code data-testid="violation-schema-path">{ &violation.schema_path }</code></span>
            }
        </>
    }
}
