//! Dark or light: as the system says, unless the user has said otherwise. The choice is an
//! attribute of the document and a key in storage; `assets/theme.js` applies it before the
//! first paint.

use yew::prelude::*;

use crate::browser;

const KEY: &str = "irongate.theme";

/// The user's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// The choice after this one, for a button that goes round.
    #[must_use]
    pub fn next(self) -> Theme {
        match self {
            Theme::System => Theme::Light,
            Theme::Light => Theme::Dark,
            Theme::Dark => Theme::System,
        }
    }

    /// In words.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Theme::System => "System",
            Theme::Light => "Light",
            Theme::Dark => "Dark",
        }
    }

    fn attribute(self) -> Option<&'static str> {
        match self {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        }
    }

    fn stored() -> Theme {
        match browser::stored(KEY).as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        }
    }

    fn apply(self) {
        let Some(root) = gloo_utils::document().document_element() else { return };
        // A theme that cannot be set or kept leaves the page as readable as it was.
        match self.attribute() {
            Some(name) => {
                let _ignored = root.set_attribute("data-theme", name);
                let _kept = browser::store(KEY, name);
            }
            None => {
                let _ignored = root.remove_attribute("data-theme");
                browser::forget(KEY);
            }
        }
    }
}

/// The choice, and a callback that goes on to the next one.
#[hook]
pub fn use_theme() -> (Theme, Callback<()>) {
    let theme = use_state(Theme::stored);
    let next = {
        let theme = theme.clone();
        Callback::from(move |()| {
            let next = theme.next();
            next.apply();
            theme.set(next);
        })
    };
    (*theme, next)
}
