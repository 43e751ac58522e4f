//! Whether one JSON Schema accepts everything that another one describes. Sound: what is not proven counts as
//! incompatible, with one exception that users of registries expect: a property that the writer does not mention is taken
//! not to be sent, so a new optional property is compatible even though an open object formally allowed it any value. The
//! strict comparison makes no exception.

mod children;
mod rules;

use std::collections::BTreeSet;

use serde_json::Value;

use super::Finding;
use crate::{
    json_schema::view::{Document, TYPES, View},
    limits::{COMPARED_LEVELS_MAX, COMPARED_PAIRS_MAX, FINDINGS_MAX},
};

/// Why `reader` may refuse what `writer` describes.
pub(super) fn reads(reader_name: &'static str, strict: bool, reader: &Value, writer: &Value) -> Vec<Finding> {
    if reader == writer {
        return Vec::new();
    }
    let (reader, writer) = (Document::new(reader), Document::new(writer));
    let mut check = Check {
        reader,
        writer,
        strict,
        reader_name,
        writer_name: if reader_name == "new" { "old" } else { "new" },
        open: BTreeSet::new(),
        pairs: 0,
    };
    let written = View::of(writer, String::new(), writer.root);
    let mut findings = check.schema(String::new(), reader.root, &written, "");
    let mut seen = BTreeSet::new();
    findings.retain(|finding| seen.insert((finding.path.clone(), finding.message.clone())));
    findings
}

/// One comparison of two definitions.
struct Check<'a> {
    reader: Document<'a>,
    writer: Document<'a>,
    /// A property that the writer does not mention may be sent with any value.
    strict: bool,
    reader_name: &'static str,
    writer_name: &'static str,
    /// Pairs being compared further up: coming back to one proves nothing wrong.
    open: BTreeSet<(Vec<usize>, Vec<usize>)>,
    pairs: usize,
}

impl<'a> Check<'a> {
    /// Why the reader's schema may refuse a value that satisfies `written`.
    fn schema(&mut self, pointer: String, reader: &'a Value, written: &View<'a>, path: &str) -> Vec<Finding> {
        let wanted = View::of(self.reader, pointer.clone(), reader);
        if written.never.is_some() || (wanted.parts.is_empty() && wanted.never.is_none()) {
            return Vec::new();
        }
        if let Some(never) = wanted.never {
            let message =
                format!("the {} version allows no value here, the {} version does", self.reader_name, self.writer_name);
            return vec![Finding { path: path.into(), schema_path: never, message }];
        }
        self.pairs += 1;
        if self.pairs > COMPARED_PAIRS_MAX || self.open.len() > COMPARED_LEVELS_MAX {
            let message = "cannot decide: the two versions are too large to be compared in full".to_owned();
            return vec![Finding { path: path.into(), schema_path: pointer, message }];
        }
        let pair = (wanted.identity(), written.identity());
        if !self.open.insert(pair.clone()) {
            return Vec::new();
        }
        let mut findings = self.rules(&wanted, written, path);
        if !findings.is_empty() {
            let chosen = self.by_alternative(&pointer, reader, written, path);
            let chosen = chosen.or_else(|| self.by_type(&pointer, reader, &wanted, written, path));
            findings = chosen.unwrap_or(findings);
        }
        self.open.remove(&pair);
        findings.truncate(FINDINGS_MAX + 1);
        findings
    }

    /// Compares with each of the writer's alternatives in turn, when it has any.
    fn by_alternative(
        &mut self,
        pointer: &str,
        reader: &'a Value,
        written: &View<'a>,
        path: &str,
    ) -> Option<Vec<Finding>> {
        let (part, keyword, branches) = written.parts.iter().enumerate().find_map(|(index, (_, members))| {
            let fresh = ["anyOf", "oneOf"].into_iter().filter(|keyword| !written.spent.contains(&(index, *keyword)));
            fresh.filter_map(|keyword| Some((index, keyword, members.get(keyword)?.as_array()?))).next()
        })?;
        // The rest of the part that holds the alternatives is compared as well, without them: a value satisfies both.
        let place = format!("{}/{keyword}", written.parts[part].0);
        let mut findings = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let mut one = written.clone();
            one.spent.push((part, keyword));
            one.add(self.writer, format!("{place}/{index}"), branch);
            findings.extend(self.schema(pointer.to_owned(), reader, &one, path));
        }
        Some(findings)
    }

    /// Compares type by type, where the reader offers alternatives and the writer allows several types.
    fn by_type(
        &mut self,
        pointer: &str,
        reader: &'a Value,
        wanted: &View<'a>,
        written: &View<'a>,
        path: &str,
    ) -> Option<Vec<Finding>> {
        let offers = ["anyOf", "oneOf"].iter().any(|keyword| wanted.all(keyword).next().is_some());
        let types = written.types();
        if !offers || written.only.is_some() || types.len() < 2 {
            return None;
        }
        let mut findings = Vec::new();
        for name in
            TYPES.into_iter().filter(|name| types.contains(name) || (*name == "number" && types.contains("integer")))
        {
            let one = View { only: Some(name), ..written.clone() };
            findings.extend(self.schema(pointer.to_owned(), reader, &one, path));
        }
        Some(findings)
    }

    fn finding(&self, path: &str, schema_path: String, message: String) -> Finding {
        Finding { path: path.to_owned(), schema_path, message }
    }
}
