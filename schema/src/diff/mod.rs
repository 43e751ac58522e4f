//! What changed between two versions of a schema, field by field, for a person to read. Whether the change is allowed is
//! for `compatibility` to say. Compares the forms of both versions, so all formats are told of in the same words.

mod field;

use serde::{Deserialize, Serialize};

use self::field::Walk;
use crate::{Schema, SchemaType, limits::CHANGES_MAX};

/// What two versions differ in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The changes, at most [`CHANGES_MAX`]; a last one says when there are more.
    pub changes: Vec<Change>,
    /// A version has more fields than could be compared, so there may be changes that are not listed.
    pub is_cut: bool,
    /// The definitions are not the same. Without changes, they differ only in what means nothing for messages: order,
    /// white space, comments, parts that are not used.
    pub text_differs: bool,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What happened to the field, or to the rule named by [`Self::aspect`].
    pub kind: ChangeKind,
    /// Where in the data, a JSON pointer with `*` for any item or key: in the old version for what was removed, else in
    /// the new one.
    pub path: String,
    /// Where in the schema of that version.
    pub schema_path: String,
    /// What changed: `field`, `type`, `required`, `default`, `minimum`, `choice` and the like.
    pub aspect: String,
    /// A sentence.
    pub message: String,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is another.
    Changed,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = match self.kind {
            ChangeKind::Added => '+',
            ChangeKind::Removed => '-',
            ChangeKind::Changed => '~',
        };
        let path = if self.path.is_empty() { "the whole value" } else { &self.path };
        write!(f, "{mark} {path}: {}", self.message)
    }
}

impl Schema {
    /// What changes from this version to `new`.
    pub fn difference(&self, new: &Schema) -> Difference {
        let (old_type, new_type) = (self.schema_type(), new.schema_type());
        let text_differs = self.fingerprint() != new.fingerprint();
        if old_type != new_type {
            let message = format!("the schema type changes from {old_type} to {new_type}");
            let change = Change {
                kind: ChangeKind::Changed,
                path: String::new(),
                schema_path: String::new(),
                aspect: "schema type".into(),
                message,
            };
            return Difference { changes: vec![change], is_cut: false, text_differs };
        }
        let (old, new) = (self.form(), new.form());
        let mut walk = Walk { changes: Vec::new(), implied_bounds: new_type != SchemaType::JsonSchema };
        walk.field("the value", &old.root, &new.root);
        let mut changes = walk.changes;
        if changes.len() > CHANGES_MAX {
            changes.truncate(CHANGES_MAX);
            changes.push(Change {
                kind: ChangeKind::Changed,
                path: String::new(),
                schema_path: String::new(),
                aspect: "more".into(),
                message: format!("there are more changes than the {CHANGES_MAX} listed"),
            });
        }
        Difference { changes, is_cut: old.is_cut || new.is_cut, text_differs }
    }
}
