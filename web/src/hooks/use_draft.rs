//! The Produce form, kept in this browser: a reload or a closed tab loses nothing.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use yew::prelude::*;

use crate::browser;
use crate::state::draft;
use crate::state::form::ProduceForm;

const KEY: &str = "irongate.draft";

/// How long typing must rest before the draft is written, in milliseconds. A page that is being left
/// writes it at once.
const REST_MS: u32 = 300;

fn restored() -> ProduceForm {
    let bytes = browser::stored(KEY).and_then(|text| browser::from_base64(&text));
    bytes.and_then(|bytes| draft::decode(&bytes)).unwrap_or_default()
}

fn keep(form: &ProduceForm) -> bool {
    browser::base64(&draft::encode(form)).is_some_and(|text| browser::store(KEY, &text))
}

/// The form, with whether its draft could be kept.
#[hook]
pub fn use_draft() -> (UseReducerHandle<ProduceForm>, bool) {
    let form = use_reducer(restored);
    let kept = use_state(|| true);
    let latest = use_mut_ref(|| None::<ProduceForm>);
    {
        let (kept, latest) = (kept.setter(), latest.clone());
        use_effect_with((*form).clone(), move |form| {
            latest.replace(Some(form.clone()));
            let timeout = Timeout::new(REST_MS, move || write(&latest, &kept));
            move || drop(timeout)
        });
    }
    {
        let kept = kept.setter();
        use_effect_with((), move |()| {
            let leaving = {
                let (kept, latest) = (kept.clone(), latest.clone());
                EventListener::new(&gloo_utils::window(), "pagehide", move |_| write(&latest, &kept))
            };
            // Another page of the console is opened: the timer above is gone by then.
            move || {
                drop(leaving);
                write(&latest, &kept);
            }
        });
    }
    (form, *kept)
}

fn write(latest: &Rc<RefCell<Option<ProduceForm>>>, kept: &UseStateSetter<bool>) {
    if let Some(form) = latest.take() {
        kept.set(keep(&form));
    }
}
