//! The keys of the console, shown by `?`.

use yew::prelude::*;

use super::dialog::Sheet;

/// Keys and what they do, in the order of use.
const KEYS: [(&str, &str); 7] = [
    ("Ctrl Enter", "Send the message (Cmd Enter on a Mac)"),
    ("/", "Go to the topic or search field"),
    ("?", "This list"),
    ("Esc", "Close a sheet or the message detail"),
    ("↑ ↓  j k", "Move through the rows of the tail"),
    ("Enter", "Open a row; on a violation, go to its place"),
    ("Tab", "Next field; the editor lets Tab through"),
];

/// Properties of [`help`].
#[derive(Clone, PartialEq, Properties)]
pub struct HelpProps {
    /// Whether it is shown.
    pub open: bool,
    /// Called when it has been closed.
    pub onclose: Callback<()>,
}

/// The list of keys.
pub fn keys_sheet(props: &HelpProps) -> Html {
    let key = |(keys, words): &(&'static str, &'static str)| {
        let caps = keys.split(' ').filter(|cap| !cap.is_empty()).map(|cap| html! { <kbd>{ cap }</kbd> });
        html! { <><dt>{ caps.collect::<Html>() }</dt><dd>{ *words }</dd></> }
    };
    html! {
        <Sheet id="help" title="Keys" open={props.open} onclose={props.onclose.clone()}>
            <dl class="keys">{ KEYS.iter().map(key).collect::<Html>() }</dl>
            <p class="muted">{ "Kafka's words: a subscription is a consumer group, a routing key is a message key, attributes are headers, \
                a reliable topic is one that is stored." }</p>
        </Sheet>
    }
}
