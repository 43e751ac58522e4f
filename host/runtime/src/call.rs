//! What one call of a guest may use and what it left behind. Knows no engine.

use std::sync::Arc;

use crate::{
    counters::CounterBook,
    grants::Grants,
    limits::Limits,
    log::LogBook,
    state::{Changes, StateBook, StateReader},
};

/// What a transform was given for all its calls.
#[derive(Clone)]
pub(crate) struct Terms {
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
    pub(crate) state: Arc<dyn StateReader>,
}

/// Which of the guest's functions runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Function {
    #[default]
    Describe,
    Configure,
    Transform,
}

/// The books of one call.
#[derive(Default)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) log: LogBook,
    pub(crate) counters: CounterBook,
    pub(crate) state: StateBook,
}

impl Call {
    pub(crate) fn new(function: Function, earlier: Changes) -> Call {
        Call { function, state: StateBook::after(earlier), ..Call::default() }
    }
}
