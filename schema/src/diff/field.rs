//! One field of the old form against the one that took its place in the new form. Finds which belong together; knows no
//! schema language.

use std::mem::discriminant;

use serde_json::Value;

use super::{Change, ChangeKind};
use crate::{
    excerpt::{clip, constant, listed},
    form::{Constraints, FormField, FormShape},
    limits::CHANGES_MAX,
};

/// The changes found so far.
pub(super) struct Walk {
    pub changes: Vec<Change>,
    /// Bounds of numbers follow from their types, and are told with them.
    pub implied_bounds: bool,
}

impl Walk {
    fn note(&mut self, kind: ChangeKind, at: &FormField, aspect: &str, message: String) {
        self.changes.push(Change {
            kind,
            path: at.path.clone(),
            schema_path: at.schema_path.clone(),
            aspect: aspect.to_owned(),
            message,
        });
    }

    fn changed(&mut self, at: &FormField, aspect: &str, message: String) {
        self.note(ChangeKind::Changed, at, aspect, message);
    }

    /// `what` is what the field is called in a sentence.
    pub(super) fn field(&mut self, what: &str, old: &FormField, new: &FormField) {
        if old == new || self.changes.len() > CHANGES_MAX {
            return;
        }
        self.presence(what, old, new);
        self.words(what, old, new);
        self.identity(what, old, new);
        if self.kind(what, old, new) {
            self.constraints(what, old, new);
            self.shape(what, old, new);
        }
        self.rules(what, old, new);
    }

    fn presence(&mut self, what: &str, old: &FormField, new: &FormField) {
        if old.required != new.required {
            let now = if new.required { "must be there now" } else { "may be left out now" };
            self.changed(new, "required", format!("{what} {now}"));
        }
        if old.nullable != new.nullable {
            let now = if new.nullable { "may be null now" } else { "may no longer be null" };
            self.changed(new, "null", format!("{what} {now}"));
        }
        self.optional(new, "default", "default", what, old.default.as_ref(), new.default.as_ref(), constant);
    }

    /// A rule that both, one or none of the versions have.
    #[expect(clippy::too_many_arguments, reason = "one sentence is made of all of these")]
    fn optional<T: PartialEq>(
        &mut self,
        at: &FormField,
        aspect: &str,
        noun: &str,
        what: &str,
        old: Option<&T>,
        new: Option<&T>,
        show: impl Fn(&T) -> String,
    ) {
        match (old, new) {
            (Some(old), Some(new)) if old != new => {
                let message = format!("the {noun} of {what} changes from {} to {}", show(old), show(new));
                self.changed(at, aspect, message);
            }
            (None, Some(new)) => {
                self.note(ChangeKind::Added, at, aspect, format!("{what} has the {noun} {} now", show(new)));
            }
            (Some(old), None) => {
                self.note(ChangeKind::Removed, at, aspect, format!("{what} has the {noun} {} no longer", show(old)));
            }
            _ => {}
        }
    }

    fn words(&mut self, what: &str, old: &FormField, new: &FormField) {
        for (noun, old, now) in [("title", &old.title, &new.title), ("documentation", &old.doc, &new.doc)] {
            let some = |text: &String| (!text.is_empty()).then(|| text.clone());
            let show = |text: &String| format!("\"{}\"", clip(text));
            self.optional(new, noun, noun, what, some(old).as_ref(), some(now).as_ref(), show);
        }
    }

    /// What a field is known by besides its name.
    fn identity(&mut self, what: &str, old: &FormField, new: &FormField) {
        if old.name != new.name && !old.name.is_empty() && !new.name.is_empty() && old.tag.is_none() {
            self.changed(new, "name", format!("{what} was called \"{}\"", clip(&old.name)));
        }
        self.optional(new, "number", "number", what, old.number.as_ref(), new.number.as_ref(), u32::to_string);
        let oneof = |name: &String| clip(name);
        self.optional(new, "oneof", "oneof", what, old.group.as_ref(), new.group.as_ref(), oneof);
        if old.aliases != new.aliases {
            let names = |names: &[String]| listed(names, |name| format!("\"{}\"", clip(name)));
            let message =
                format!("the aliases of {what} change from {} to {}", names(&old.aliases), names(&new.aliases));
            self.changed(new, "aliases", message);
        }
    }

    /// Whether the two are of one kind, so that comparing further makes sense.
    fn kind(&mut self, what: &str, old: &FormField, new: &FormField) -> bool {
        let same = discriminant(&old.shape) == discriminant(&new.shape);
        let named = |field: &FormField| match &field.type_name[..] {
            "" => field.shape.noun().to_owned(),
            name => clip(name),
        };
        let (was, is) = (named(old), named(new));
        // What alternatives and choices are called says less than what they are.
        let told = matches!(new.shape, FormShape::OneOf { .. } | FormShape::Choice { .. }) && same;
        if was != is && !told {
            self.changed(new, "type", format!("the type of {what} changes from {was} to {is}"));
        } else if !same {
            let message = format!("{what} was {}, it is {} now", old.shape.noun(), new.shape.noun());
            self.changed(new, "type", message);
        }
        same
    }

    fn constraints(&mut self, what: &str, old: &FormField, new: &FormField) {
        let (was, is): (&Constraints, &Constraints) = (&old.constraints, &new.constraints);
        let numbers = [
            ("minimum", &was.minimum, &is.minimum),
            ("exclusive minimum", &was.exclusive_minimum, &is.exclusive_minimum),
            ("maximum", &was.maximum, &is.maximum),
            ("exclusive maximum", &was.exclusive_maximum, &is.exclusive_maximum),
            ("step", &was.multiple_of, &is.multiple_of),
        ];
        let told = if self.implied_bounds { &[][..] } else { &numbers[..] };
        for (noun, was, is) in told.iter().copied() {
            self.optional(new, noun, noun, what, was.as_ref(), is.as_ref(), ToString::to_string);
        }
        let exact = |one: &Constraints| one.length_min.is_some() && one.length_min == one.length_max;
        let (least, greatest) = match exact(was) && exact(is) {
            true => (("length", was.length_min, is.length_min), ("length", None, None)),
            false => {
                (("least length", was.length_min, is.length_min), ("greatest length", was.length_max, is.length_max))
            }
        };
        for (noun, was, is) in [
            least,
            greatest,
            ("least count", was.items_min, is.items_min),
            ("greatest count", was.items_max, is.items_max),
        ] {
            self.optional(new, noun, noun, what, was.as_ref(), is.as_ref(), u64::to_string);
        }
        // A logical type of Avro is the type's name as well, and told with it.
        let is_type = |field: &FormField| field.constraints.format.as_ref() == Some(&field.type_name);
        if !is_type(old) && !is_type(new) {
            self.optional(new, "format", "format", what, was.format.as_ref(), is.format.as_ref(), |name| clip(name));
        }
        let quoted = |pattern: &String| format!("'{}'", clip(pattern));
        for pattern in is.patterns.iter().filter(|pattern| !was.patterns.contains(pattern)) {
            self.note(ChangeKind::Added, new, "pattern", format!("{what} must match {} now", quoted(pattern)));
        }
        for pattern in was.patterns.iter().filter(|pattern| !is.patterns.contains(pattern)) {
            let message = format!("{what} need not match {} any more", quoted(pattern));
            self.note(ChangeKind::Removed, new, "pattern", message);
        }
        if was.unique != is.unique {
            let now = if is.unique { "must differ from each other now" } else { "may be the same now" };
            self.changed(new, "unique", format!("the items of {what} {now}"));
        }
    }

    fn rules(&mut self, what: &str, old: &FormField, new: &FormField) {
        let has = |field: &FormField, keyword: &str| field.rules.iter().any(|rule| rule.keyword == keyword);
        for rule in new.rules.iter().filter(|rule| !old.rules.contains(rule)) {
            let (kind, verb) = match has(old, &rule.keyword) {
                true => (ChangeKind::Changed, "changes: it is"),
                false => (ChangeKind::Added, "is new:"),
            };
            let message = format!("the rule {} of {what} {verb} {}", rule.keyword, constant(&rule.value));
            self.note(kind, new, &rule.keyword, message);
        }
        for rule in old.rules.iter().filter(|rule| !has(new, &rule.keyword)) {
            let message = format!("the rule {} of {what} is gone: it was {}", rule.keyword, constant(&rule.value));
            self.note(ChangeKind::Removed, new, &rule.keyword, message);
        }
    }

    fn shape(&mut self, what: &str, old: &FormField, new: &FormField) {
        match (&old.shape, &new.shape) {
            (FormShape::Choice { values: was }, FormShape::Choice { values: is }) => self.choices(what, was, is, new),
            (FormShape::Object { fields: was, others: old_others }, FormShape::Object { fields: is, others }) => {
                self.fields(was, is);
                self.rest("any other key", (old, old_others.as_deref()), (new, others.as_deref()));
            }
            (FormShape::Map { values: was, .. }, FormShape::Map { values: is, .. }) => {
                self.field(&format!("each value of {what}"), was, is);
            }
            (FormShape::List { first: was, items: old_items }, FormShape::List { first: is, items }) => {
                for (index, (was, is)) in was.iter().zip(is).enumerate() {
                    self.field(&format!("item {} of {what}", index + 1), was, is);
                }
                for (index, item) in is.iter().enumerate().skip(was.len()) {
                    let message = format!("item {} of {what} has a rule of its own now: {}", index + 1, told(item));
                    self.note(ChangeKind::Added, item, "item", message);
                }
                for (index, item) in was.iter().enumerate().skip(is.len()) {
                    let message = format!("item {} of {what} has no rule of its own any more", index + 1);
                    self.note(ChangeKind::Removed, item, "item", message);
                }
                self.rest(&format!("each item of {what}"), (old, old_items.as_deref()), (new, items.as_deref()));
            }
            (FormShape::OneOf { branches: was }, FormShape::OneOf { branches: is }) => self.branches(what, was, is),
            (FormShape::Again { path: was, .. }, FormShape::Again { path: is, .. }) if was != is => {
                let place = |path: &str| if path.is_empty() { "the whole value".to_owned() } else { clip(path) };
                let message = format!("{what} was the same as {}, it is the same as {} now", place(was), place(is));
                self.changed(new, "type", message);
            }
            _ => {}
        }
    }

    fn choices(&mut self, what: &str, was: &[Value], is: &[Value], new: &FormField) {
        for value in is.iter().filter(|value| !was.contains(value)) {
            self.note(ChangeKind::Added, new, "choice", format!("{what} may be {} now", constant(value)));
        }
        for value in was.iter().filter(|value| !is.contains(value)) {
            self.note(ChangeKind::Removed, new, "choice", format!("{what} may no longer be {}", constant(value)));
        }
    }

    /// Fields belong together by number where they have one, else by name, else by alias.
    fn fields(&mut self, was: &[FormField], is: &[FormField]) {
        let mut left: Vec<&FormField> = was.iter().collect();
        let mut added = Vec::new();
        for new in is {
            let numbered = |old: &&FormField| old.number.is_some() && old.number == new.number;
            let named = |old: &&FormField| old.name == new.name;
            let renamed =
                |old: &&FormField| new.aliases.contains(&old.name) && !is.iter().any(|other| other.name == old.name);
            let found = left
                .iter()
                .position(numbered)
                .or_else(|| left.iter().position(named))
                .or_else(|| left.iter().position(renamed));
            match found {
                Some(index) => {
                    let old = left.remove(index);
                    self.field(&called(new), old, new);
                }
                None => added.push(new),
            }
        }
        for new in added {
            self.note(ChangeKind::Added, new, "field", format!("{} is new: {}", called(new), told(new)));
        }
        for old in left {
            self.note(ChangeKind::Removed, old, "field", format!("{} is gone: it was {}", called(old), told(old)));
        }
    }

    /// What holds for everything that has no rule of its own.
    fn rest(
        &mut self,
        what: &str,
        (old, was): (&FormField, Option<&FormField>),
        (new, is): (&FormField, Option<&FormField>),
    ) {
        match (was, is) {
            (Some(was), Some(is)) => self.field(what, was, is),
            (None, Some(is)) => {
                let message = format!("{what} is allowed now: {}", is.shape.noun());
                self.note(ChangeKind::Added, &at(new, is), "further values", message);
            }
            (Some(was), None) => {
                let message = format!("{what} is no longer allowed");
                self.note(ChangeKind::Removed, &at(old, was), "further values", message);
            }
            (None, None) => {}
        }
    }

    /// Alternatives belong together where they are the same, else by name, else by their order.
    fn branches(&mut self, what: &str, was: &[FormField], is: &[FormField]) {
        let mut left: Vec<&FormField> = was.iter().collect();
        let mut open: Vec<&FormField> = Vec::new();
        for new in is {
            match left.iter().position(|old| old.shape == new.shape && old.name == new.name) {
                Some(index) => {
                    let old = left.remove(index);
                    self.field(&alternative(what, new), old, new);
                }
                None => open.push(new),
            }
        }
        for new in open {
            let unnamed =
                new.tag.is_none() && left.iter().any(|old| discriminant(&old.shape) == discriminant(&new.shape));
            let found = left.iter().position(|old| old.name == new.name).or_else(|| {
                let of_a_kind = |old: &&FormField| discriminant(&old.shape) == discriminant(&new.shape);
                if unnamed { left.iter().position(of_a_kind) } else { None }
            });
            match found {
                Some(index) => {
                    let old = left.remove(index);
                    self.field(&alternative(what, new), old, new);
                }
                None => {
                    let message = format!("{what} may be \"{}\" now: {}", clip(&new.name), new.shape.noun());
                    self.note(ChangeKind::Added, new, "alternative", message);
                }
            }
        }
        for old in left {
            let message = format!("{what} may no longer be \"{}\": {}", clip(&old.name), old.shape.noun());
            self.note(ChangeKind::Removed, old, "alternative", message);
        }
    }
}

/// The place of what holds for the rest, in the schema of the field where it has none of its own.
fn at(field: &FormField, rest: &FormField) -> FormField {
    let schema_path = if rest.schema_path.is_empty() { &field.schema_path } else { &rest.schema_path };
    FormField { path: rest.path.clone(), schema_path: schema_path.clone(), ..FormField::default() }
}

fn called(field: &FormField) -> String {
    format!("field \"{}\"", clip(&field.name))
}

fn alternative(what: &str, branch: &FormField) -> String {
    format!("the alternative \"{}\" of {what}", clip(&branch.name))
}

/// A field in a few words.
fn told(field: &FormField) -> String {
    let mut text = if field.type_name.is_empty() { field.shape.noun().to_owned() } else { clip(&field.type_name) };
    if field.nullable {
        text += " or null";
    }
    match (&field.default, field.required) {
        (Some(default), _) => text += &format!(", by default {}", constant(default)),
        (None, true) => text += ", required",
        (None, false) => text += ", optional",
    }
    text
}
