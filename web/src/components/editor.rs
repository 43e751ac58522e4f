//! A text editor for JSON: the browser's own text area, with a layer beneath it that
//! colours the text, underlines what is wrong and numbers the lines. Only the lines in view
//! are drawn. Keys are the browser's: nothing is swallowed.

use std::ops::Range;
use std::rc::Rc;

use web_sys::{Element, HtmlTextAreaElement};
use yew::prelude::*;

use crate::browser;
use crate::text::json_tokens::{Kind, Token, tokens};
use crate::text::lines::{Lines, utf16_offset};
use crate::text::segments::{Segment, segments, visible_marks};

/// Height of a line in pixels; the style sheet says the same.
const LINE_PX: f64 = 20.0;

/// Lines drawn beyond each edge.
const OVERSCAN_LINES: usize = 30;

/// Longer text is not coloured: cutting it into tokens at every key would take longer than a frame.
const COLOURED_BYTES_MAX: usize = 2_000_000;

/// Lines whose tail is not drawn with colours beyond this many bytes.
const LINE_BYTES_MAX: usize = 5000;

/// Where the caret shall go. Two requests for one place differ in their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CaretRequest {
    /// A byte of the text.
    pub byte: usize,
    /// Counts up.
    pub number: u32,
}

/// Properties of [`Editor`].
#[derive(Clone, PartialEq, Properties)]
pub struct EditorProps {
    /// Unique in the page; also the `data-testid` of the text area.
    pub id: AttrValue,
    /// What the text is, for screen readers.
    pub label: AttrValue,
    /// The text.
    pub value: Rc<str>,
    /// Called with the new text at every change.
    pub onchange: Callback<String>,
    /// Bytes to underline.
    #[prop_or_default]
    pub marks: Rc<[Range<usize>]>,
    /// Moves the caret when its number changes.
    #[prop_or_default]
    pub caret: CaretRequest,
    /// The `id` of the element that says what is wrong.
    #[prop_or_default]
    pub described_by: Option<AttrValue>,
    /// Shown while the text is empty.
    #[prop_or_default]
    pub placeholder: AttrValue,
}

struct Cut {
    lines: Lines,
    tokens: Vec<Token>,
    widest: usize,
}

fn cut(text: &str) -> Cut {
    let lines = Lines::of(text);
    // Wide characters take two columns; a few columns too many do no harm.
    let columns = |line: &str| line.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum();
    let widest = text.lines().map(columns).max().unwrap_or(0);
    let tokens = if text.len() <= COLOURED_BYTES_MAX { tokens(text) } else { Vec::new() };
    Cut { lines, tokens, widest }
}

/// The editor.
#[component]
pub fn Editor(props: &EditorProps) -> Html {
    let area = use_node_ref();
    let scroller = use_node_ref();
    let view = use_state(|| (0.0, 800.0));
    let cut = use_memo(props.value.clone(), |text| cut(text));
    {
        let (area, scroller, text) = (area.clone(), scroller.clone(), props.value.clone());
        use_effect_with(props.caret, move |caret| {
            if caret.number > 0 {
                go_to(&area, &scroller, &text, caret.byte);
            }
        });
    }
    let onscroll = {
        let view = view.setter();
        Callback::from(move |event: Event| {
            let Some(element) = event.target_dyn_into::<Element>() else { return };
            view.set((f64::from(element.scroll_top()), f64::from(element.client_height())));
        })
    };
    let oninput = props.onchange.reform(|event: InputEvent| browser::value_of(&event));
    let onchange = props.onchange.reform(|event: Event| browser::value_of(&event));
    let (scroll_px, height_px) = *view;
    let first = ((scroll_px / LINE_PX) as usize).saturating_sub(OVERSCAN_LINES);
    let last = (((scroll_px + height_px) / LINE_PX) as usize + OVERSCAN_LINES).min(cut.lines.count());
    let marks = visible_marks(&props.value, &props.marks);
    let top = format!("top:{}px", first * LINE_PX as usize);
    let line = |number: usize| draw_line(&props.value, cut.lines.range(number), &cut.tokens, &marks);
    let marked = |number: usize| {
        let range = cut.lines.range(number);
        marks.iter().any(|mark| mark.start <= range.end && mark.end > range.start)
    };
    let number = |number: usize| {
        html! { <span class={classes!(marked(number).then_some("marked"))}>{ number + 1 }</span> }
    };
    let size =
        format!("--lines:{};--columns:{};--digits:{}", cut.lines.count(), cut.widest + 1, digits(cut.lines.count()));
    html! {
        <div class="editor" ref={scroller} {onscroll}>
            <div class="editor-canvas" style={size}>
                <div class="editor-numbers" aria-hidden="true">
                    <div class="editor-slice" style={top.clone()}>{ (first..last).map(number).collect::<Html>() }</div>
                </div>
                <div class="editor-text">
                    <pre class="editor-slice" style={top} aria-hidden="true">{ (first..last).map(line).collect::<Html>() }</pre>
                    <textarea
                        ref={area}
                        id={props.id.clone()}
                        data-testid={props.id.clone()}
                        aria-label={props.label.clone()}
                        aria-invalid={(!marks.is_empty()).then_some("true")}
                        aria-describedby={props.described_by.clone()}
                        placeholder={props.placeholder.clone()}
                        value={props.value.to_string()}
                        spellcheck="false"
                        autocomplete="off"
                        autocapitalize="none"
                        wrap="off"
                        {oninput}
                        {onchange}
                    />
                </div>
            </div>
        </div>
    }
}

fn digits(count: usize) -> usize {
    count.to_string().len().max(2)
}

fn draw_line(text: &str, range: Range<usize>, tokens: &[Token], marks: &[Range<usize>]) -> Html {
    let coloured = range.len() <= LINE_BYTES_MAX;
    let pieces = segments(range, if coloured { tokens } else { &[] }, marks);
    let piece = |segment: &Segment| {
        let class = classes!(segment.kind.map(class_of), segment.marked.then_some("wrong"));
        html! { <span {class}>{ text[segment.range.clone()].to_owned() }</span> }
    };
    html! { <>{ pieces.iter().map(piece).collect::<Html>() }{ "\n" }</> }
}

/// The class of a token's colour.
#[must_use]
pub fn class_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Key => "j-key",
        Kind::String => "j-string",
        Kind::Number => "j-number",
        Kind::Literal => "j-literal",
        Kind::Punctuation => "j-punctuation",
        Kind::Unknown => "j-unknown",
    }
}

fn go_to(area: &NodeRef, scroller: &NodeRef, text: &str, byte: usize) {
    let Some(area) = area.cast::<HtmlTextAreaElement>() else { return };
    let offset = utf16_offset(text, byte);
    // The focus is wanted where the caret is; if either fails the text is still as it was.
    let _focused = area.focus();
    let _selected = area.set_selection_range(offset, offset);
    let Some(scroller) = scroller.cast::<Element>() else { return };
    let line_px = Lines::of(text).line_of(byte) as f64 * LINE_PX;
    let (top_px, height_px) = (f64::from(scroller.scroll_top()), f64::from(scroller.client_height()));
    if line_px < top_px || line_px + LINE_PX > top_px + height_px {
        scroller.set_scroll_top((line_px - height_px / 2.0).max(0.0) as i32);
    }
}
