//! Templates to a file and back: the file is the one that `irongate produce --from` runs.

use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

use crate::archive;
use crate::checks::message::Written;
use crate::hooks::use_console::use_console;
use crate::hooks::use_message_file::{export, import};
use crate::state::message_file::{Imported, imported, written};
use crate::state::template::Template;
use crate::state::verdict::sentence;
use crate::text::size::counted;

/// Properties of [`MessageFiles`].
#[derive(Clone, PartialEq, Properties)]
pub struct MessageFilesProps {
    /// What is kept.
    pub templates: Vec<Template>,
    /// Called when a file has been read.
    pub onimported: Callback<()>,
}

/// What was said of a file.
#[derive(Clone, Default, PartialEq)]
struct Said {
    good: String,
    bad: Vec<String>,
}

/// The row. Test ids: `file-export`, `file-import`, `file-result`, `file-problem`.
#[component]
pub fn MessageFiles(props: &MessageFilesProps) -> Html {
    let checker = use_console().checker;
    let said = use_state(Said::default);
    let messages: Vec<Option<Written>> =
        props.templates.iter().map(|template| written(&template.name, &template.form(), None)).collect();
    let unknown = messages.iter().filter(|message| message.is_none()).count();
    let messages: Vec<Written> = messages.into_iter().flatten().collect();
    let nothing = messages.is_empty();
    let onexport = {
        let (checker, said) = (checker.clone(), said.setter());
        Callback::from(move |_: MouseEvent| {
            let (checker, said, messages) = (checker.clone(), said.clone(), messages.clone());
            let good = format!("{} written", counted(messages.len(), "message", "messages"));
            spawn_local(async move {
                said.set(match export(&checker, messages).await {
                    Ok(()) => Said { good, bad: Vec::new() },
                    Err(why) => Said { good: String::new(), bad: vec![why] },
                });
            });
        })
    };
    let onimport = {
        let (said, kept, done) = (said.setter(), props.templates.clone(), props.onimported.clone());
        Callback::from(move |event: Event| {
            let input = event.target_dyn_into::<HtmlInputElement>();
            let file = input.as_ref().and_then(HtmlInputElement::files).and_then(|files| files.get(0));
            let Some(file) = file else { return };
            let (checker, said, kept, done) = (checker.clone(), said.clone(), kept.clone(), done.clone());
            spawn_local(async move {
                said.set(match take(&checker, &file, &kept).await {
                    Ok(imported) => Said {
                        good: format!("{} read", counted(imported.templates.len(), "template", "templates")),
                        bad: imported.left_out,
                    },
                    Err(why) => Said { good: String::new(), bad: vec![why] },
                });
                done.emit(());
            });
        })
    };
    html! {
        <div class="templates">
            <div class="file-row">
                <label for="file-import">{ "A file for irongate produce --from" }</label>
                <input id="file-import" data-testid="file-import" type="file" accept=".yaml,.yml,.json" onchange={onimport} />
                <button type="button" class="secondary" data-testid="file-export" disabled={nothing} onclick={onexport}>{ "Export all" }</button>
            </div>
            if unknown > 0 {
                <p class="note">{ format!("{} kept while the schema was not known, and with it how the message travels: left out of the export. Open and save again what is to be in it.",
                    counted(unknown, "template was", "templates were")) }</p>
            }
            <div role="status">
                if !said.good.is_empty() { <p class="good" data-testid="file-result">{ sentence(&said.good) }</p> }
                { for said.bad.iter().map(|why| html! { <p class="bad" data-testid="file-problem">{ sentence(why) }</p> }) }
            </div>
        </div>
    }
}

/// Keeps the messages of a file as templates.
async fn take(checker: &crate::checks::client::Checker, file: &File, kept: &[Template]) -> Result<Imported, String> {
    let imported = imported(&import(checker, file).await?, kept);
    for template in &imported.templates {
        archive::keep_template(template, None)
            .await
            .map_err(|_| "this browser did not keep that: its storage is full or closed to the page")?;
    }
    Ok(imported)
}
