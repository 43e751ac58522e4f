//! Every plugin with its digest, and for each stage that runs it what that may do and take.

use yew::prelude::*;

use super::copy_button::CopyButton;
use crate::state::plugins::{Place, Plugin, Use, limits, short};

/// Properties of [`plugin_table`].
#[derive(Clone, PartialEq, Properties)]
pub struct PluginTableProps {
    /// All of them.
    pub plugins: Vec<Plugin>,
}

/// The table. Test ids: in each plugin `plugin`, `plugin-digest`, `plugin-copy`; in each of its uses `plugin-use`.
pub fn plugin_table(props: &PluginTableProps) -> Html {
    html! { <ul class="plugins">{ props.plugins.iter().map(plugin).collect::<Html>() }</ul> }
}

fn plugin(plugin: &Plugin) -> Html {
    html! {
        <li key={plugin.sha256.clone()} class="plugin" data-testid="plugin">
            <header class="detail-head">
                <h3>{ &plugin.name }</h3>
                <div class="plugin-digest">
                    <span class="muted">{ "sha256 " }</span><code title={plugin.sha256.clone()} data-testid="plugin-digest">{ short(&plugin.sha256) }</code>
                    <CopyButton id="plugin-copy" text={plugin.sha256.clone()} what={format!("the digest of {}", plugin.name)} />
                </div>
            </header>
            <div class="table-scroll" tabindex="0" role="region" aria-label={format!("Where {} runs", plugin.name)}>
                <table>
                    <thead><tr>
                        <th scope="col">{ "Runs in" }</th><th scope="col">{ "Stage" }</th><th scope="col">{ "May" }</th><th scope="col">{ "At most" }</th>
                    </tr></thead>
                    <tbody>{ plugin.uses.iter().enumerate().map(row).collect::<Html>() }</tbody>
                </table>
            </div>
        </li>
    }
}

fn row((index, used): (usize, &Use)) -> Html {
    let (kind, name) = match &used.place {
        Place::Topic(name) => ("topic", name),
        Place::Pipeline(name) => ("pipeline", name),
    };
    let may = match used.capabilities.is_empty() {
        true => html! { <span class="muted">{ "compute" }</span> },
        false => used.capabilities.iter().map(|one| html! { <span class="chip">{ one }</span> }).collect(),
    };
    let limit = |(name, value): (&'static str, String)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> };
    html! {
        <tr key={index} data-testid="plugin-use">
            <td><span class="muted">{ kind }{ " " }</span><span class="mono">{ name }</span></td>
            <td class="mono">{ &used.stage }</td>
            <td>{ may }</td>
            <td><dl class="plugin-limits">{ limits(&used.limits).into_iter().map(limit).collect::<Html>() }</dl></td>
        </tr>
    }
}
