//! Takes values out of the tree and notes what is wrong with them. Every taker answers something to go on with, so that one run finds all problems.

use std::{ops::RangeInclusive, time::Duration};

use super::{
    problem::{Problem, suggest},
    tree::{Entry, Node, Place, Value},
    units,
};

/// The problems so far.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
}

/// A table of the tree whose keys are all known.
pub(super) struct Table<'a> {
    pub(super) path: String,
    pub(super) place: Place,
    entries: &'a [Entry],
}

impl<'a> Table<'a> {
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    pub(super) fn entries(&self) -> &'a [Entry] {
        self.entries
    }

    pub(super) fn path_of(&self, key: &str) -> String {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let key = if key.chars().all(is_plain) { key.to_owned() } else { format!("\"{key}\"") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }
}

impl Reader {
    pub(super) fn complain(
        &mut self,
        place: Place,
        path: &str,
        message: impl Into<String>,
        suggestion: Option<String>,
    ) {
        self.problems.push(Problem { place, path: path.to_owned(), message: message.into(), suggestion });
    }

    /// A table with none but known keys; the unknown ones are noted and passed over.
    pub(super) fn table<'a>(&mut self, node: &'a Node, path: &str, known: &[&str]) -> Table<'a> {
        let table = self.open_table(node, path);
        for entry in table.entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            self.complain(entry.place, &table.path_of(&entry.key), "this key is unknown", suggest(&entry.key, known));
        }
        table
    }

    /// A table with any keys.
    pub(super) fn open_table<'a>(&mut self, node: &'a Node, path: &str) -> Table<'a> {
        let entries: &[Entry] = match &node.value {
            Value::Table(entries) => entries,
            _ => {
                self.complain(node.place, path, format!("this is {}, but must be a table", node.kind()), None);
                &[]
            }
        };
        Table { path: path.to_owned(), place: node.place, entries }
    }

    /// A table within another, if it is there.
    pub(super) fn inner<'a>(&mut self, table: &Table<'a>, key: &str, known: &[&str]) -> Option<Table<'a>> {
        Some(self.table(table.get(key)?, &table.path_of(key), known))
    }

    /// The members of a list, each with its path; none where it is not there.
    pub(super) fn list<'a>(&mut self, table: &Table<'a>, key: &str) -> Vec<(String, &'a Node)> {
        let path = table.path_of(key);
        match table.get(key) {
            None => Vec::new(),
            Some(Node { value: Value::List(nodes), .. }) => {
                nodes.iter().enumerate().map(|(index, node)| (format!("{path}[{index}]"), node)).collect()
            }
            Some(other) => {
                self.complain(other.place, &path, format!("this is {}, but must be a list", other.kind()), None);
                Vec::new()
            }
        }
    }

    pub(super) fn text<'a>(&mut self, table: &Table<'a>, key: &str) -> Option<&'a str> {
        let node = table.get(key)?;
        match &node.value {
            Value::Text(text) if !text.is_empty() => Some(text),
            Value::Text(_) => self.refuse(node, table, key, "this is empty"),
            _ => self.refuse(node, table, key, &format!("this is {}, but must be text", node.kind())),
        }
    }

    /// Text that must be there; where it is not, an empty one to go on with.
    pub(super) fn required<'a>(&mut self, table: &Table<'a>, key: &str, example: &str) -> &'a str {
        if table.get(key).is_none() {
            let suggestion = Some(format!("for example {key} = \"{example}\""));
            self.complain(table.place, &table.path_of(key), "this is missing", suggestion);
        }
        self.text(table, key).unwrap_or_default()
    }

    pub(super) fn flag(&mut self, table: &Table<'_>, key: &str, default: bool) -> bool {
        let Some(node) = table.get(key) else { return default };
        match node.value {
            Value::Bool(value) => value,
            _ => self
                .refuse(node, table, key, &format!("this is {}, but must be true or false", node.kind()))
                .unwrap_or(default),
        }
    }

    pub(super) fn integer(&mut self, table: &Table<'_>, key: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(node) = table.get(key) else { return default };
        let value = match node.value {
            Value::Integer(value) => u64::try_from(value).ok().filter(|value| range.contains(value)),
            _ => None,
        };
        let rule = format!("this must be a whole number from {} to {}", range.start(), range.end());
        value.or_else(|| self.refuse(node, table, key, &rule)).unwrap_or(default)
    }

    pub(super) fn number(&mut self, table: &Table<'_>, key: &str, range: RangeInclusive<f64>, default: f64) -> f64 {
        let Some(node) = table.get(key) else { return default };
        let value = match node.value {
            #[expect(clippy::cast_precision_loss, reason = "only small numbers are in any range")]
            Value::Integer(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            _ => None,
        };
        let rule = format!("this must be a number from {} to {}", range.start(), range.end());
        let value = value.filter(|value| range.contains(value));
        value.or_else(|| self.refuse(node, table, key, &rule)).unwrap_or(default)
    }

    pub(super) fn size(&mut self, table: &Table<'_>, key: &str, range: RangeInclusive<usize>, default: usize) -> usize {
        let Some(text) = self.text(table, key) else { return default };
        let read = units::size(text).and_then(|size| {
            let rule = format!("{text} is out of bounds: from {} to {} bytes", range.start(), range.end());
            range.contains(&size).then_some(size).ok_or(rule)
        });
        self.or_complain(table, key, read).unwrap_or(default)
    }

    pub(super) fn time(
        &mut self,
        table: &Table<'_>,
        key: &str,
        range: RangeInclusive<Duration>,
        default: Duration,
    ) -> Duration {
        let Some(text) = self.text(table, key) else { return default };
        let read = units::time(text).and_then(|time| {
            let rule = format!("{text} is out of bounds: from {:?} to {:?}", range.start(), range.end());
            range.contains(&time).then_some(time).ok_or(rule)
        });
        self.or_complain(table, key, read).unwrap_or(default)
    }

    /// One of several words.
    pub(super) fn choice<T: Copy>(&mut self, table: &Table<'_>, key: &str, choices: &[(&str, T)], default: T) -> T {
        let Some(word) = self.text(table, key) else { return default };
        if let Some((_, value)) = choices.iter().find(|(name, _)| *name == word) {
            return *value;
        }
        let words: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let place = table.get(key).map_or(table.place, |node| node.place);
        self.complain(place, &table.path_of(key), format!("`{word}` is not known here"), suggest(word, &words));
        default
    }

    fn or_complain<T>(&mut self, table: &Table<'_>, key: &str, read: Result<T, String>) -> Option<T> {
        let place = table.get(key).map_or(table.place, |node| node.place);
        read.map_err(|message| self.complain(place, &table.path_of(key), message, None)).ok()
    }

    fn refuse<T>(&mut self, node: &Node, table: &Table<'_>, key: &str, message: &str) -> Option<T> {
        self.complain(node.place, &table.path_of(key), message, None);
        None
    }
}
