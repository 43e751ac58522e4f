//! A button that puts a text on the clipboard and says whether that worked; and a command that can be taken along by it.

use yew::prelude::*;

use crate::browser;

/// Properties of [`CopyButton`].
#[derive(Clone, PartialEq, Properties)]
pub struct CopyButtonProps {
    /// Its `data-testid`.
    pub id: AttrValue,
    /// The text.
    pub text: AttrValue,
    /// What it copies, for those who do not see what it stands beside.
    #[prop_or_default]
    pub what: Option<AttrValue>,
}

/// The button.
#[component]
pub fn CopyButton(props: &CopyButtonProps) -> Html {
    let copied = use_state(|| None::<bool>);
    {
        let copied = copied.setter();
        use_effect_with(props.text.clone(), move |_| copied.set(None));
    }
    let onclick = {
        let (copied, text) = (copied.setter(), props.text.clone());
        Callback::from(move |_: MouseEvent| {
            let (copied, text) = (copied.clone(), text.clone());
            wasm_bindgen_futures::spawn_local(async move { copied.set(Some(browser::copy(&text).await)) });
        })
    };
    let words = match *copied {
        None => "Copy",
        Some(true) => "Copied",
        Some(false) => "Not copied: select the text and copy it by hand",
    };
    html! {
        <button type="button" class="secondary" data-testid={props.id.clone()} {onclick}>
            { words }
            if let Some(what) = &props.what { <span class="hidden">{ format!(" {what}") }</span> }
        </button>
    }
}

/// Properties of [`command`].
#[derive(Clone, PartialEq, Properties)]
pub struct CommandProps {
    /// The `data-testid` of its button; with `-text` behind it that of the text.
    pub id: AttrValue,
    /// What it is for.
    pub what: AttrValue,
    /// The command, or the file.
    pub text: AttrValue,
}

/// Something to type in a terminal, or to keep in a file.
pub fn command(props: &CommandProps) -> Html {
    html! {
        <div class="command">
            <p>{ &props.what }</p>
            <div class="command-row">
                <pre class="definition" tabindex="0" role="region" aria-label={props.what.clone()} data-testid={format!("{}-text", props.id)}>{ &props.text }</pre>
                <CopyButton id={props.id.clone()} text={props.text.clone()} what={props.what.clone()} />
            </div>
        </div>
    }
}
