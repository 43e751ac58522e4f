//! Avro's rules of schema resolution: whether every value of the writer can be read. Decidable, so nothing is left open.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    avro::model::{Field, Kind, Model},
    excerpt::{clip, listed},
    json::locate::escaped,
    limits::{COMPARED_LEVELS_MAX, COMPARED_PAIRS_MAX},
};

/// Why a reader of one schema cannot read everything written with the other.
pub(crate) fn reads(reader_name: &'static str, reader: &Model, writer: &Model) -> Vec<Finding> {
    let mut check = Check { reader_name, reader, writer, open: BTreeSet::new(), pairs: 0 };
    check.pair(0, 0, "")
}

struct Check<'a> {
    reader_name: &'static str,
    reader: &'a Model,
    writer: &'a Model,
    /// Pairs being compared further up: recursive types come back to them.
    open: BTreeSet<(usize, usize)>,
    pairs: usize,
}

impl Check<'_> {
    fn finding(&self, reader: usize, path: &str, message: String) -> Vec<Finding> {
        vec![Finding { path: path.to_owned(), schema_path: self.reader.nodes[reader].pointer.clone(), message }]
    }

    fn pair(&mut self, reader: usize, writer: usize, path: &str) -> Vec<Finding> {
        self.pairs += 1;
        if self.pairs > COMPARED_PAIRS_MAX || self.open.len() > COMPARED_LEVELS_MAX {
            let message = "cannot decide: the two versions are too large to be compared in full".into();
            return self.finding(reader, path, message);
        }
        if !self.open.insert((reader, writer)) {
            return Vec::new();
        }
        let findings = self.inner(reader, writer, path);
        self.open.remove(&(reader, writer));
        findings
    }

    fn inner(&mut self, reader: usize, writer: usize, path: &str) -> Vec<Finding> {
        let (mine, theirs) = (&self.reader.nodes[reader], &self.writer.nodes[writer]);
        if let Kind::Union(branches) = &theirs.kind {
            return branches.iter().flat_map(|branch| self.pair(reader, *branch, path)).collect();
        }
        if let Kind::Union(branches) = &mine.kind {
            return self.any_branch(reader, branches, writer, path);
        }
        let decimal = |logical: &Option<String>| logical.clone().filter(|logical| logical.starts_with("decimal"));
        if let (Some(mine), Some(theirs)) = (decimal(&mine.logical), decimal(&theirs.logical))
            && mine != theirs
        {
            let message = format!("{theirs} is written, the {} version reads {mine}", self.reader_name);
            return self.finding(reader, path, message);
        }
        match (&mine.kind, &theirs.kind) {
            (Kind::Array(mine), Kind::Array(theirs)) | (Kind::Map(mine), Kind::Map(theirs)) => {
                self.pair(*mine, *theirs, &format!("{path}/*"))
            }
            (Kind::Record { name, aliases, fields }, Kind::Record { name: other, fields: written, .. }) => {
                if !same_name(name, aliases, other) {
                    return self.renamed(reader, "record", name, other, path);
                }
                self.fields(reader, fields, written, path)
            }
            (Kind::Enum { name, aliases, symbols, default }, Kind::Enum { name: other, symbols: written, .. }) => {
                if !same_name(name, aliases, other) {
                    return self.renamed(reader, "enum", name, other, path);
                }
                let unknown: Vec<&String> = written.iter().filter(|symbol| !symbols.contains(symbol)).collect();
                if unknown.is_empty() || default.is_some() {
                    return Vec::new();
                }
                let unknown = listed(&unknown, |symbol| (*symbol).clone());
                let message = format!("the {} version has no symbol {unknown} and no default symbol", self.reader_name);
                self.finding(reader, path, message)
            }
            (Kind::Fixed { name, aliases, bytes }, Kind::Fixed { name: other, bytes: written, .. }) => {
                if !same_name(name, aliases, other) {
                    return self.renamed(reader, "fixed", name, other, path);
                }
                if bytes == written {
                    return Vec::new();
                }
                let message = format!("{written} bytes are written, the {} version reads {bytes}", self.reader_name);
                self.finding(reader, path, message)
            }
            (mine, theirs) if promotes(theirs, mine) => Vec::new(),
            _ => {
                let (read, written) = (self.reader.tag(reader), self.writer.tag(writer));
                let message = format!("{written} is written, the {} version reads {read}", self.reader_name);
                self.finding(reader, path, message)
            }
        }
    }

    fn renamed(&self, reader: usize, what: &str, name: &str, other: &str, path: &str) -> Vec<Finding> {
        let message =
            format!("{what} {} is written, the {} version reads {what} {}", clip(other), self.reader_name, clip(name));
        self.finding(reader, path, message)
    }

    fn any_branch(&mut self, reader: usize, branches: &[usize], writer: usize, path: &str) -> Vec<Finding> {
        let mut closest: Option<Vec<Finding>> = None;
        for branch in branches {
            let findings = self.pair(*branch, writer, path);
            if findings.is_empty() {
                return findings;
            }
            // A branch of the same kind says more than "int is written, null is read".
            if self.reader.tag(*branch) == self.writer.tag(writer) {
                closest = Some(findings);
            }
        }
        closest.unwrap_or_else(|| {
            let known = listed(branches, |branch| self.reader.tag(*branch).to_owned());
            let message =
                format!("{} is written, the {} version reads only {known}", self.writer.tag(writer), self.reader_name);
            self.finding(reader, path, message)
        })
    }

    /// The only written field of the same type that nobody reads: what the field may have been called before.
    fn renamed_from(&self, field: &Field, fields: &[Field], written: &[Field]) -> Option<String> {
        let read: Vec<&str> =
            fields.iter().filter_map(|one| Some(source(one, fields, written)?.name.as_str())).collect();
        let of_a_kind = |other: &&Field| self.reader.tag(field.node) == self.writer.tag(other.node);
        let mut left = written.iter().filter(|other| !read.contains(&other.name.as_str())).filter(of_a_kind);
        match (left.next(), left.next()) {
            (Some(only), None) => Some(clip(&only.name)),
            _ => None,
        }
    }

    fn fields(&mut self, reader: usize, fields: &[Field], written: &[Field], path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for field in fields {
            let place = format!("{path}/{}", escaped(&field.name));
            match (source(field, fields, written), &field.default) {
                (Some(other), _) => findings.extend(self.pair(field.node, other.node, &place)),
                (None, Some(_)) => {}
                (None, None) => {
                    let hint = self
                        .renamed_from(field, fields, written)
                        .map(|name| format!("; if it is \"{name}\" under a new name, give it the alias \"{name}\""));
                    let message = format!(
                        "field \"{}\" of the {} version has no default, and it is not written{}",
                        clip(&field.name),
                        self.reader_name,
                        hint.unwrap_or_default()
                    );
                    findings.extend(self.finding(reader, &place, message));
                }
            }
        }
        findings
    }
}

/// The written field that a reader's field takes its value from: of its own name, else of an alias that is no other
/// field's name.
fn source<'a>(field: &Field, fields: &[Field], written: &'a [Field]) -> Option<&'a Field> {
    let is_free = |name: &String| !fields.iter().any(|other| other.name == *name);
    let by_alias = |other: &&Field| field.aliases.contains(&other.name) && is_free(&other.name);
    written.iter().find(|other| other.name == field.name).or_else(|| written.iter().find(by_alias))
}

/// Names agree by their last part, or by an alias of the reader.
fn same_name(reader: &str, aliases: &[String], writer: &str) -> bool {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    last(reader) == last(writer) || aliases.iter().any(|alias| alias == writer || last(alias) == last(writer))
}

/// What may be written as one primitive and read as another.
fn promotes(writer: &Kind, reader: &Kind) -> bool {
    use Kind::{Boolean, Bytes, Double, Float, Int, Long, Null, String};
    matches!(
        (writer, reader),
        (Null, Null)
            | (Boolean, Boolean)
            | (Int, Int | Long | Float | Double)
            | (Long, Long | Float | Double)
            | (Float, Float | Double)
            | (Double, Double)
            | (Bytes | String, Bytes | String)
    )
}
