//! TOML text into the tree. Reports every syntax error that the parser can go on after.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    problem::Problem,
    tree::{Entry, Node, Place, Value},
};

pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let lines = Lines::of(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let mut problems = Vec::new();
        let value = lines.table(table.get_ref(), &mut problems);
        let node = Node { place: Place { line: 1, column: 1 }, value };
        return if problems.is_empty() { Ok(node) } else { Err(problems) };
    }
    Err(errors
        .iter()
        .map(|error| Problem {
            place: lines.place(error.span().map_or(0, |span| span.start)),
            path: String::new(),
            message: format!("this is not TOML: {}", error.message()),
            suggestion: None,
        })
        .collect())
}

/// A text and where its lines begin, to find places by bytes.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(index, _)| index + 1)).collect();
        Self { text, starts }
    }

    fn place(&self, byte: usize) -> Place {
        let byte = byte.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= byte);
        let start = self.starts[line - 1];
        Place { line, column: self.text[start..byte].chars().count() + 1 }
    }

    fn table(&self, table: &DeTable<'_>, problems: &mut Vec<Problem>) -> Value {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                place: self.place(key.span().start),
                node: self.node(value, problems),
            })
            .collect();
        // The parser sorts by key; people read by line.
        entries.sort_by_key(|entry| entry.place);
        Value::Table(entries)
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Node {
        let place = self.place(value.span().start);
        let value = match value.get_ref() {
            DeValue::Boolean(value) => Value::Bool(*value),
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Datetime(time) => Value::Text(time.to_string()),
            DeValue::Array(array) => Value::List(array.iter().map(|value| self.node(value, problems)).collect()),
            DeValue::Table(table) => self.table(table, problems),
            DeValue::Float(float) => match float.as_str().parse() {
                Ok(float) => Value::Float(float),
                Err(_) => too_large(place, float.as_str(), problems),
            },
            DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => Value::Integer(integer),
                Err(_) => too_large(place, integer.as_str(), problems),
            },
        };
        Node { place, value }
    }
}

fn too_large(place: Place, digits: &str, problems: &mut Vec<Problem>) -> Value {
    let message = format!("the number {digits} does not fit into 64 bits");
    problems.push(Problem { place, path: String::new(), message, suggestion: None });
    Value::Null
}
