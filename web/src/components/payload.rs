//! The payload of a message: the editor with its size and the button that lays JSON out.

use std::ops::Range;
use std::rc::Rc;

use yew::prelude::*;

use super::editor::{CaretRequest, Editor};
use crate::browser;
use crate::hooks::use_sample::Sampling;
use crate::state::form::{FormAction, ProduceForm};
use crate::text::json_format::pretty;
use crate::text::size;

/// Properties of [`payload_field`].
#[derive(Clone, PartialEq, Properties)]
pub struct PayloadProps {
    /// The form.
    pub form: UseReducerHandle<ProduceForm>,
    /// Bytes to underline.
    pub marks: Rc<[Range<usize>]>,
    /// Where the caret shall go.
    pub caret: CaretRequest,
    /// Whether the draft could be kept.
    pub kept: bool,
    /// Makes samples.
    pub sampling: Sampling,
}

/// The field. Test ids: `produce-payload`, `produce-generate`, `produce-sample-problem`, `produce-format`.
pub fn payload_field(props: &PayloadProps) -> Html {
    let form = &props.form;
    let onchange = {
        let form = form.dispatcher();
        Callback::from(move |text| form.dispatch(FormAction::Payload(text)))
    };
    let format = {
        let form = form.clone();
        Callback::from(move |_: MouseEvent| {
            // What is not JSON stays as it is; the underline says where.
            if let Some(text) = pretty(&form.payload) {
                form.dispatch(FormAction::Payload(text));
                browser::focus("#produce-payload");
            }
        })
    };
    html! {
        <div class="field payload">
            <div class="label-row">
                <label for="produce-payload">{ "Payload" }</label>
                if !props.kept {
                    <span class="note problem">{ "too large to be kept as a draft: a reload would lose it" }</span>
                }
                <span class="note">{ size::bytes(form.payload.len() as u64) }</span>
                if let Some(make) = &props.sampling.make {
                    <button type="button" class="quiet" data-testid="produce-generate" onclick={make.reform(|_: MouseEvent| ())}
                        title="A valid message made from the schema; what is here goes into the history">{ "Generate" }</button>
                }
                <button type="button" class="quiet" data-testid="produce-format" disabled={form.payload.is_empty()} onclick={format}
                    title="Lay the JSON out anew; only white space changes">{ "Format" }</button>
            </div>
            if !props.sampling.problem.is_empty() {
                <p class="note problem" role="alert" data-testid="produce-sample-problem">{ "No sample: " }{ &props.sampling.problem }</p>
            }
            <Editor id="produce-payload" label="Payload" value={form.payload.clone()} {onchange} marks={props.marks.clone()}
                caret={props.caret} described_by="violations" placeholder={"{ \"user_id\": \"u123\" }"} />
        </div>
    }
}
