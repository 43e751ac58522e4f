//! YAML text into the tree. One document; anchors, aliases and tags are refused, because a file that a machine is to run should say what it says.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{
    problem::Problem,
    tree::{Entry, Node, Place, Value},
};

/// Lists and tables within each other.
const DEPTH_MAX: usize = 32;

pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    Reader { parser: Parser::new_from_str(text) }.document().map_err(|problem| vec![*problem])
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
}

type Read<T> = Result<T, Box<Problem>>;

impl<'a> Reader<'a> {
    fn document(mut self) -> Read<Node> {
        let mut document = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentEnd | Event::Nothing => {}
                Event::DocumentStart(_) if document.is_some() => {
                    return Err(problem(place(&span), "a second document begins here, but one file is one pipeline"));
                }
                Event::DocumentStart(_) => {}
                event => document = Some(self.node(event, &span, 0)?),
            }
        }
        let empty = Node { place: Place { line: 1, column: 1 }, value: Value::Table(Vec::new()) };
        Ok(document.filter(|node| node.value != Value::Null).unwrap_or(empty))
    }

    fn next(&mut self) -> Read<(Event<'a>, Span)> {
        match self.parser.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => {
                let marker = error.marker();
                let place = Place { line: marker.line(), column: marker.col() + 1 };
                Err(problem(place, &format!("this is not YAML: {}", error.info())))
            }
            None => Err(problem(Place { line: 1, column: 1 }, "this is not YAML: it ends too early")),
        }
    }

    fn node(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Read<Node> {
        let place = place(span);
        if depth > DEPTH_MAX {
            return Err(problem(place, &format!("this nests deeper than {DEPTH_MAX} levels")));
        }
        let value = match event {
            Event::Alias(_) => return Err(problem(place, "aliases are not understood here; repeat the value")),
            Event::Scalar(_, _, anchor, tag) | Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                let _ = tag;
                return Err(problem(place, "anchors and tags are not understood here; leave them out"));
            }
            Event::Scalar(text, ScalarStyle::Plain, _, _) => plain(&text),
            Event::Scalar(text, _, _, _) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.table(depth)?,
            _ => return Err(problem(place, "this is not YAML: a value is missing")),
        };
        Ok(Node { place, value })
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        let mut nodes = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(nodes));
            }
            nodes.push(self.node(event, &span, depth + 1)?);
        }
    }

    fn table(&mut self, depth: usize) -> Read<Value> {
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Ok(Value::Table(entries)),
                Event::Scalar(key, ..) => key.into_owned(),
                _ => return Err(problem(place(&span), "a key must be text")),
            };
            if entries.iter().any(|entry| entry.key == key) {
                return Err(problem(place(&span), &format!("the key `{key}` is already there")));
            }
            let key_place = place(&span);
            let (event, span) = self.next()?;
            let node = self.node(event, &span, depth + 1)?;
            entries.push(Entry { key, place: key_place, node });
        }
    }
}

/// A scalar without quotes, by YAML's core schema.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Ok(integer) = text.parse() {
        return Value::Integer(integer);
    }
    let is_number = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
    match text.parse::<f64>() {
        Ok(float) if is_number && float.is_finite() => Value::Float(float),
        _ => Value::Text(text.to_owned()),
    }
}

fn place(span: &Span) -> Place {
    Place { line: span.start.line(), column: span.start.col() + 1 }
}

fn problem(place: Place, message: &str) -> Box<Problem> {
    Box::new(Problem { place, path: String::new(), message: message.to_owned(), suggestion: None })
}
