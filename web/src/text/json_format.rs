//! Lays JSON text out anew, two spaces a level. Changes white space only: every
//! number, string and duplicate key stays as it was written.

use super::json_scan::{is_value, laid_out};

/// The text laid out over lines; `None` where it is not one JSON value.
#[must_use]
pub fn pretty(text: &str) -> Option<String> {
    is_value(text).then(|| laid_out(text, usize::MAX).0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_white_space_changes() {
        assert_eq!(
            pretty("{\"b\":[1.0,{}],\"a\" :[],\n\"b\":\"x y\"}").unwrap(),
            "{\n  \"b\": [\n    1.0,\n    {}\n  ],\n  \"a\": [],\n  \"b\": \"x y\"\n}"
        );
        assert_eq!(pretty("{\"a\": }"), None);
    }
}
