//! The operating pages: pipelines, transforms, dead letters, which the build cuts off into a module of their own. Only
//! [`draw`] may name what is behind that cut; see [`later`](super::later).

use yew::prelude::*;

use super::dry_run_sheet::{DryRunContent, DryRunSheetProps};
use super::later::Part;
use crate::pages::dead_letters::DeadLetters;
use crate::pages::pipelines::Pipelines;
use crate::pages::transforms::Transforms;

/// Something behind the cut, with what it needs.
#[derive(Clone, PartialEq)]
pub enum Operation {
    /// The page of pipelines.
    Pipelines,
    /// The page of transforms.
    Transforms,
    /// The page of dead letters.
    DeadLetters,
    /// What transforms make of the message in the editor.
    DryRun(Box<DryRunSheetProps>),
}

/// Draws a part of [`Module::Operations`](super::later::Module::Operations).
pub fn draw(part: &Part) -> Html {
    match part {
        Part::Operation(Operation::Pipelines) => html! { <Pipelines /> },
        Part::Operation(Operation::Transforms) => html! { <Transforms /> },
        Part::Operation(Operation::DeadLetters) => html! { <DeadLetters /> },
        Part::Operation(Operation::DryRun(props)) => html! { <DryRunContent ..(**props).clone() /> },
        _ => Html::default(),
    }
}
