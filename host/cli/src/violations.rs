//! Broken rules as they are printed. Finding them is the schema crate's and the server's work.

use crate::output::harmless;
use irongate_proto::irongate_v1::Violation;
use serde_json::{Value, json};

/// A violation found here, as the server would have told it.
pub(crate) fn on_the_wire(violation: irongate_schema::Violation) -> Violation {
    Violation {
        instance_path: violation.instance_path,
        line: violation.line,
        column: violation.column,
        byte_start: violation.byte_start,
        byte_end: violation.byte_end,
        rule: violation.rule,
        schema_path: violation.schema_path,
        message: violation.message,
    }
}

/// One broken rule as a line for a person.
pub(crate) fn line(violation: &Violation) -> String {
    let place = if violation.line > 0 {
        format!("line {}, column {}", violation.line, violation.column)
    } else {
        format!("byte {}", violation.byte_start)
    };
    let path = if violation.instance_path.is_empty() { "the whole message" } else { &violation.instance_path };
    let rule = if violation.schema_path.is_empty() {
        violation.rule.clone()
    } else {
        format!("{} at {}", violation.rule, violation.schema_path)
    };
    harmless(&format!("  {place}, {path}: {} [{rule}]", violation.message))
}

/// One broken rule for a program.
pub(crate) fn object(violation: &Violation) -> Value {
    json!({
        "instance_path": violation.instance_path, "line": violation.line, "column": violation.column,
        "byte_start": violation.byte_start, "byte_end": violation.byte_end, "rule": violation.rule,
        "schema_path": violation.schema_path, "message": violation.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_says_where_what_and_which_rule() {
        let violation = Violation {
            instance_path: "/user_id".into(),
            line: 1,
            column: 12,
            rule: "type".into(),
            schema_path: "/properties/user_id/type".into(),
            message: "123 is not a string".into(),
            ..Violation::default()
        };
        assert_eq!(
            line(&violation),
            "  line 1, column 12, /user_id: 123 is not a string [type at /properties/user_id/type]"
        );
    }
}
