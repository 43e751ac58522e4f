//! The few drawings of the console, as outlines in the colour of the text. Decoration:
//! words stand beside them, so they are hidden from screen readers.

use yew::prelude::*;

fn outline(path: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" focusable="false">
            <path d={path} fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" />
        </svg>
    }
}

/// A paper plane.
pub fn produce() -> Html {
    outline("M17 3 8.5 11.5M17 3l-5.2 14-3.3-5.5L3 8.2z")
}

/// Lines that flow.
pub fn tail() -> Html {
    outline("M3 5h14M3 10h9M3 15h12M16 9l2 1-2 1")
}

/// Stacked sheets.
pub fn topics() -> Html {
    outline("M10 3l7 3.5-7 3.5-7-3.5zM3 10l7 3.5 7-3.5M3 13.5l7 3.5 7-3.5")
}

/// Braces.
pub fn schemas() -> Html {
    outline(
        "M8 3C5.5 3 6.5 6 6 8c-.3 1.2-1 2-2 2 1 0 1.7.8 2 2 .5 2-.5 5 2 5M12 3c2.5 0 1.5 3 2 5 .3 1.2 1 2 2 2-1 0-1.7.8-2 2-.5 2 .5 5-2 5",
    )
}

/// Boxes on a line.
pub fn pipelines() -> Html {
    outline("M2 10h3M8.5 10h3M15 10h3M5 7.5h3.5v5H5zM11.5 7.5H15v5h-3.5z")
}

/// A piece of a puzzle.
pub fn transforms() -> Html {
    outline("M4 7h3.2a2 2 0 1 1 3.6 0H14v3.2a2 2 0 1 1 0 3.6V17H4z")
}

/// A letter that came back.
pub fn dead_letters() -> Html {
    outline("M3 5h14v10H3zM3 5.5l7 5.5 7-5.5M8 17.5l-2-2.5")
}

/// A gauge.
pub fn load() -> Html {
    outline("M3.5 15a7.5 7.5 0 1 1 13 0M10 12l3.5-4.5M10 12h.01")
}

/// A key.
pub fn token() -> Html {
    outline("M9.2 10.8 16 4M13 7l2.5 2.5M7 10a3.2 3.2 0 1 0 .01 0")
}

/// A cross.
pub fn close() -> Html {
    outline("M5 5l10 10M15 5L5 15")
}

/// A plus.
pub fn add() -> Html {
    outline("M10 4v12M4 10h12")
}

/// A sun.
pub fn sun() -> Html {
    outline(
        "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
    )
}

/// A moon.
pub fn moon() -> Html {
    outline("M16 11.5A6.5 6.5 0 0 1 8.5 4a6.5 6.5 0 1 0 7.5 7.5z")
}

/// A screen.
pub fn system() -> Html {
    outline("M3 4h14v9H3zM7 17h6M10 13v4")
}

/// The gate with the river in it: the mark of the product, in its own colours.
pub fn mark() -> Html {
    html! {
        <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
            <rect class="mark-ground" width="32" height="32" rx="7" />
            <path class="mark-gate" d="M5 7h4l3 8v10H5zM27 7h-4l-3 8v10h7z" />
            <path class="mark-river" d="M14 25c2-3 2-5 1-8s0-5 2-8" />
        </svg>
    }
}
