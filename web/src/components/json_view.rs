//! JSON as a tree that opens and closes, numbers and strings as they were written. What is closed is not looked into, lists and
//! long strings are shown in parts, so that a large document does not stop the page.

use std::ops::Range;
use std::rc::Rc;

use yew::prelude::*;

use crate::text::json_scan::{Member, members, scalar_kind};
use crate::text::json_tokens::Kind;
use crate::text::size::{bytes, counted};

/// Members shown at first, and each time that more is asked for.
const PART: usize = 50;

/// Deeper levels begin closed.
const OPEN_LEVELS: usize = 4;

/// Bytes shown of a key or a scalar; the looks at the text show all of it.
const WORD_BYTES_MAX: usize = 16 * 1024;

/// Properties of [`JsonView`].
#[derive(Clone, PartialEq, Properties)]
pub struct JsonViewProps {
    /// The text, which is one JSON value.
    pub text: Rc<String>,
}

/// A tree. Test id: `json-more`.
#[component]
pub fn JsonView(props: &JsonViewProps) -> Html {
    let start = props.text.len() - props.text.trim_start().len();
    html! { <div class="json-tree">{ branch(&props.text, None, &(start..props.text.trim_end().len()), 0) }</div> }
}

fn branch(text: &Rc<String>, key: Option<&Range<usize>>, value: &Range<usize>, level: usize) -> Html {
    let name = key.map(|key| html! { <><span class="j-key">{ word(text, key) }</span>{ ": " }</> }).unwrap_or_default();
    match scalar_kind(text, value) {
        Some(kind) => {
            html! { <div class="leaf">{ name }<span class={class_of(kind)}>{ word(text, value) }</span></div> }
        }
        None => html! { <Branch text={text.clone()} {name} value={value.clone()} {level} /> },
    }
}

fn word(text: &str, range: &Range<usize>) -> String {
    let word = &text[range.clone()];
    let shown = &word[..word.floor_char_boundary(WORD_BYTES_MAX)];
    match word.len() - shown.len() {
        0 => shown.to_owned(),
        left => format!("{shown}… and {} more", bytes(left as u64)),
    }
}

#[derive(Clone, PartialEq, Properties)]
struct BranchProps {
    text: Rc<String>,
    name: Html,
    value: Range<usize>,
    level: usize,
}

#[component]
fn Branch(props: &BranchProps) -> Html {
    let open = use_state(|| props.level < OPEN_LEVELS);
    let shown = use_state(|| PART);
    let held = use_memo((props.text.clone(), props.value.clone()), |(text, value)| members(text, value));
    let is_object = props.text[props.value.clone()].starts_with('{');
    let (opening, closing) = if is_object { ("{", "}") } else { ("[", "]") };
    if held.is_empty() {
        let class = class_of(Kind::Punctuation);
        return html! { <div class="leaf">{ props.name.clone() }<span {class}>{ opening }{ closing }</span></div> };
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let more = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + PART))
    };
    let summary = match is_object {
        true => counted(held.len(), "member", "members"),
        false => counted(held.len(), "item", "items"),
    };
    let part = |member: &Member| branch(&props.text, member.key.as_ref(), &member.value, props.level + 1);
    html! {
        <div class="branch">
            <button type="button" class="twist" aria-expanded={open.to_string()} onclick={toggle}>
                { props.name.clone() }<span class="j-punctuation">{ opening }</span>
                if !*open { <span class="muted">{ format!(" {summary} ") }</span><span class="j-punctuation">{ closing }</span> }
            </button>
            if *open {
                <div class="twigs">
                    { held.iter().take(*shown).map(part).collect::<Html>() }
                    if held.len() > *shown {
                        <button type="button" class="quiet" data-testid="json-more" onclick={more}>{ format!("Show more, {} left", held.len() - *shown) }</button>
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
