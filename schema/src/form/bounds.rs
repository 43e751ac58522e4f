//! The bounds that a JSON Schema sets on numbers and texts, in the spelling of any draft. Those on items are read with them.

use serde_json::{Map, Number, Value};

use super::{Constraints, budget::Budget};
use crate::json_schema::view::View;

/// The tightest of several bounds.
fn bound(view: &View<'_>, keyword: &str) -> Option<Number> {
    let numbers = view.all(keyword).filter_map(|value| match value {
        Value::Number(number) => Some(number),
        _ => None,
    });
    let lower = keyword == "minimum" || keyword == "exclusiveMinimum";
    let tighter = |one: &Number, other: &Number| (one.as_f64() > other.as_f64()) == lower;
    numbers.reduce(|one, other| if tighter(one, other) { one } else { other }).cloned()
}

pub(super) fn numbers(view: &View<'_>) -> Constraints {
    let mut constraints = Constraints {
        minimum: bound(view, "minimum"),
        exclusive_minimum: bound(view, "exclusiveMinimum"),
        maximum: bound(view, "maximum"),
        exclusive_maximum: bound(view, "exclusiveMaximum"),
        multiple_of: bound(view, "multipleOf"),
        ..Constraints::default()
    };
    // In draft 4 the exclusive bounds are flags beside the others.
    let is_set = |members: &&Map<String, Value>, keyword: &str| members.get(keyword) == Some(&Value::Bool(true));
    let parts = || view.parts.iter().map(|(_, members)| *members);
    if parts().any(|members| is_set(&members, "exclusiveMinimum")) {
        constraints.exclusive_minimum = constraints.minimum.take();
    }
    if parts().any(|members| is_set(&members, "exclusiveMaximum")) {
        constraints.exclusive_maximum = constraints.maximum.take();
    }
    constraints
}

pub(super) fn texts(view: &View<'_>, budget: &mut Budget<Vec<usize>>) -> Constraints {
    Constraints {
        length_min: view.count("minLength"),
        length_max: view.count("maxLength"),
        patterns: view.all("pattern").filter_map(Value::as_str).map(|pattern| budget.text(pattern)).collect(),
        format: view.all("format").filter_map(Value::as_str).last().map(|format| budget.text(format)),
        ..Constraints::default()
    }
}
