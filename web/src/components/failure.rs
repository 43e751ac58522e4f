//! A failed call in words: the host's sentence, the status, its cause and what to do; and what a host cannot do at all.

use yew::prelude::*;

use crate::hooks::use_action::Progress;
use crate::state::explain::{Failure, explain};
use crate::state::verdict::sentence;

/// A failure where an action stands. Test id: `failure`.
pub fn failure(failure: &Failure) -> Html {
    let explanation = explain(failure);
    html! {
        <div class="refusal bad" role="alert" data-testid="failure">
            <div>
                <p><strong>{ sentence(&failure.message) }</strong>{ " " }<code>{ explanation.name }</code></p>
                <p class="muted">{ explanation.cause }{ " " }{ explanation.fix }</p>
            </div>
        </div>
    }
}

/// What became of an action, where that is worth saying.
pub fn outcome_of(progress: &Progress) -> Html {
    match progress {
        Progress::Failed(failed) => failure(failed),
        Progress::Idle | Progress::Running => Html::default(),
    }
}

/// Why the host cannot do something, where it cannot, beside what is greyed for it.
pub fn lacking(id: &'static str, why: Option<&AttrValue>) -> Html {
    why.map(|why| html! { <p class="note lacking" data-testid={id}>{ sentence(why) }</p> }).unwrap_or_default()
}
