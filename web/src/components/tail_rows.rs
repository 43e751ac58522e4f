//! The rows of the tail: only those in view are in the document, newest on top. Scrolling
//! away from the top holds the view still, so that nothing runs away under the eye.

use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use crate::browser::utc_offset_minutes;
use crate::hooks::use_tail::Tail;
use crate::state::tail_buffer::TailRow;
use crate::state::topic_name::partition_of;
use crate::state::virtual_rows::window;
use crate::text::hex::preview;
use crate::text::size::{bytes, counted};
use crate::text::time::clock;

/// Height of a row in pixels; the style sheet says the same.
pub const ROW_PX: f64 = 30.0;

/// Characters of a payload in its row.
const PREVIEW_CHARACTERS: usize = 240;

/// Properties of [`TailRows`].
#[derive(Clone, PartialEq, Properties)]
pub struct TailRowsProps {
    /// The rows.
    pub tail: Tail,
    /// The row whose detail is open.
    pub selected: Option<u64>,
    /// Called with the sequence of a row to open.
    pub onselect: Callback<u64>,
    /// Called when the view leaves the top (true) or is back there (false).
    pub onscrolled: Callback<bool>,
}

/// The rows. Test ids: `tail-newer`; in each row `tail-row`, `tail-row-topic`, `tail-row-offset`, `tail-row-payload`.
#[component]
pub fn TailRows(props: &TailRowsProps) -> Html {
    let scroller = use_node_ref();
    let view = use_state(|| (0.0, 600.0));
    let measure = {
        let view = view.setter();
        move |element: &Element| view.set((f64::from(element.scroll_top()), f64::from(element.client_height())))
    };
    {
        let (scroller, measure) = (scroller.clone(), measure.clone());
        use_effect_with((), move |()| {
            if let Some(element) = scroller.cast::<Element>() {
                measure(&element);
            }
        });
    }
    let onscroll = {
        let onscrolled = props.onscrolled.clone();
        Callback::from(move |event: Event| {
            let Some(element) = event.target_dyn_into::<Element>() else { return };
            measure(&element);
            onscrolled.emit(element.scroll_top() > 0);
        })
    };
    let onkeydown = move_by_key(props, &scroller);
    let buffer = props.tail.buffer();
    let (scroll_px, viewport_px) = *view;
    let len = buffer.view_len();
    let window = window(len, ROW_PX, scroll_px, viewport_px);
    let rows = (window.first..window.first + window.count).filter_map(|index| Some((index, buffer.view_row(index)?)));
    let row = |(index, row): (usize, &TailRow)| {
        let sequence = row.sequence;
        let onclick = props.onselect.reform(move |_: MouseEvent| sequence);
        // Counted from the oldest, a row keeps its place while newer ones arrive; elements are made anew only where places are.
        draw(row, (len - index) % window.places, props.selected == Some(sequence), onclick)
    };
    let waiting = buffer.waiting_count();
    let to_top = {
        let scroller = scroller.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(element) = scroller.cast::<Element>() {
                element.set_scroll_top(0);
            }
        })
    };
    html! {
        <div class="tail-list">
        if waiting > 0 && scroll_px > 0.0 {
            <button type="button" class="newer" data-testid="tail-newer" onclick={to_top}>
                { format!("↑ {}", counted(waiting, "new message", "new messages")) }
            </button>
        }
        <div class="tail-rows" ref={scroller} role="listbox" aria-label="Messages, newest first" tabindex="0" {onscroll} {onkeydown}>
            <div class="tail-canvas" style={format!("height:{}px", window.canvas_px as u64)}>
                <div class="tail-window" style={format!("transform:translateY({}px)", window.top_px.round() as i64)}>{ rows.map(row).collect::<Html>() }</div>
            </div>
        </div>
        </div>
    }
}

fn draw(row: &TailRow, place: usize, selected: bool, onclick: Callback<MouseEvent>) -> Html {
    let (topic, partition) = match partition_of(&row.topic) {
        Some((base, number)) => (base, Some(number)),
        None => (&*row.topic, None),
    };
    let time_ms = if row.append_time_ms > 0 { row.append_time_ms } else { row.publish_time_ms };
    html! {
        <div class={classes!("tail-row", selected.then_some("selected"))} key={place} role="option"
            aria-selected={selected.to_string()} data-testid="tail-row" {onclick}>
            <time>{ clock(time_ms, utc_offset_minutes(time_ms)) }</time>
            <span class="row-topic" data-testid="tail-row-topic">
                { topic.to_owned() }
                if let Some(partition) = partition { <span class="row-partition">{ partition }</span> }
            </span>
            <span class="row-offset" data-testid="tail-row-offset">{ row.offset.map_or_else(|| "–".to_owned(), |offset| offset.to_string()) }</span>
            <span class="row-key">{ row.routing_key.as_deref().unwrap_or_default().to_owned() }</span>
            <span class="row-payload" data-testid="tail-row-payload">{ preview(&row.payload, PREVIEW_CHARACTERS) }</span>
            <span class="row-size">{ bytes(row.payload.len() as u64) }</span>
        </div>
    }
}

/// Arrows and j, k move the selection; Home goes to the newest.
fn move_by_key(props: &TailRowsProps, scroller: &NodeRef) -> Callback<KeyboardEvent> {
    let (tail, selected, onselect) = (props.tail.clone(), props.selected, props.onselect.clone());
    let scroller = scroller.clone();
    Callback::from(move |event: KeyboardEvent| {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let buffer = tail.buffer();
        let current = selected.and_then(|sequence| buffer.view_index(sequence));
        let next = match (event.key().as_str(), current) {
            ("ArrowDown" | "j" | "ArrowUp" | "k" | "Home", None) => 0,
            ("ArrowDown" | "j", Some(index)) => index + 1,
            ("ArrowUp" | "k", Some(index)) => index.saturating_sub(1),
            ("Home", Some(_)) => 0,
            _ => return,
        };
        event.prevent_default();
        let Some(row) = buffer.view_row(next) else { return };
        onselect.emit(row.sequence);
        if let Some(element) = scroller.cast::<HtmlElement>() {
            show(&element, next, buffer.view_len());
        }
    })
}

/// Scrolls as little as makes a row visible.
fn show(element: &HtmlElement, index: usize, rows: usize) {
    let (scroll_px, viewport_px) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
    let canvas_px = window(rows, ROW_PX, scroll_px, viewport_px).canvas_px;
    let scale = ((rows as f64 * ROW_PX - viewport_px) / (canvas_px - viewport_px).max(1.0)).max(1.0);
    let (top_px, bottom_px) = (index as f64 * ROW_PX, (index + 1) as f64 * ROW_PX);
    let position_px = scroll_px * scale;
    if top_px < position_px {
        element.set_scroll_top((top_px / scale) as i32);
    } else if bottom_px > position_px + viewport_px {
        element.set_scroll_top(((bottom_px - viewport_px) / scale).ceil() as i32);
    }
}
