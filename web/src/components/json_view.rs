//! JSON as a tree that opens and closes, numbers and strings as they were written. Lists
//! are shown in parts, so that a large document does not stop the page.

use std::ops::Range;
use std::rc::Rc;

use yew::prelude::*;

use crate::text::json_tokens::Kind;
use crate::text::json_tree::Node;
use crate::text::size::counted;

/// Members shown before "show more".
const PART: usize = 200;

/// Deeper levels begin closed.
const OPEN_LEVELS: usize = 4;

/// Properties of [`JsonView`].
#[derive(Clone, PartialEq, Properties)]
pub struct JsonViewProps {
    /// The text that the tree was made from.
    pub text: Rc<str>,
    /// The tree.
    pub node: Rc<Node>,
}

/// A tree.
#[component]
pub fn JsonView(props: &JsonViewProps) -> Html {
    html! { <div class="json-tree">{ branch(&props.text, None, &props.node, 0) }</div> }
}

fn branch(text: &Rc<str>, key: Option<&Range<usize>>, node: &Node, level: usize) -> Html {
    let name = key
        .map(|key| html! { <><span class="j-key">{ text[key.clone()].to_owned() }</span>{ ": " }</> })
        .unwrap_or_default();
    match node {
        Node::Scalar(kind, range) => {
            html! { <div class="leaf">{ name }<span class={class_of(*kind)}>{ text[range.clone()].to_owned() }</span></div> }
        }
        Node::Object(_, members) if members.is_empty() => empty(name, "{}"),
        Node::Array(_, items) if items.is_empty() => empty(name, "[]"),
        Node::Object(_, members) => html! {
            <Branch text={text.clone()} {name} summary={counted(members.len(), "member", "members")} brackets={("{", "}")}
                node={Rc::new(node.clone())} {level} />
        },
        Node::Array(_, items) => html! {
            <Branch text={text.clone()} {name} summary={counted(items.len(), "item", "items")} brackets={("[", "]")}
                node={Rc::new(node.clone())} {level} />
        },
    }
}

fn empty(name: Html, brackets: &'static str) -> Html {
    html! { <div class="leaf">{ name }<span class={class_of(Kind::Punctuation)}>{ brackets }</span></div> }
}

#[derive(Clone, PartialEq, Properties)]
struct BranchProps {
    text: Rc<str>,
    name: Html,
    summary: String,
    brackets: (&'static str, &'static str),
    node: Rc<Node>,
    level: usize,
}

#[component]
fn Branch(props: &BranchProps) -> Html {
    let open = use_state(|| props.level < OPEN_LEVELS);
    let shown = use_state(|| PART);
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let more = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + PART))
    };
    let (children, count) = match &*props.node {
        _ if !*open => (Html::default(), 0),
        Node::Object(_, members) => {
            let parts =
                members.iter().take(*shown).map(|(key, node)| branch(&props.text, Some(key), node, props.level + 1));
            (parts.collect(), members.len())
        }
        Node::Array(_, items) => {
            let parts = items.iter().take(*shown).map(|node| branch(&props.text, None, node, props.level + 1));
            (parts.collect(), items.len())
        }
        Node::Scalar(..) => (Html::default(), 0),
    };
    let (opening, closing) = props.brackets;
    html! {
        <div class="branch">
            <button type="button" class="twist" aria-expanded={open.to_string()} onclick={toggle}>
                { props.name.clone() }<span class="j-punctuation">{ opening }</span>
                if !*open { <span class="muted">{ format!(" {} ", props.summary) }</span><span class="j-punctuation">{ closing }</span> }
            </button>
            if *open {
                <div class="twigs">
                    { children }
                    if count > *shown {
                        <button type="button" class="quiet" onclick={more}>{ format!("Show more, {} left", count - *shown) }</button>
                    }
                </div>
                <div class="j-punctuation">{ closing }</div>
            }
        </div>
    }
}

fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Key => "j-key",
        Kind::String => "j-string",
        Kind::Number => "j-number",
        Kind::Literal => "j-literal",
        Kind::Punctuation => "j-punctuation",
        Kind::Unknown => "j-unknown",
    }
}
