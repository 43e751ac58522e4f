//! Compiled schemas by their content: compiling takes tens of milliseconds, checking
//! takes microseconds. Bounded; the one not used for longest goes first.

use std::rc::Rc;

use bytes::Bytes;
use irongate_schema::{Schema, SchemaError, SchemaType};

/// The most schemas kept, usable or not.
pub const SCHEMAS_MAX: usize = 32;

type Compiled = Result<Rc<Schema>, Rc<SchemaError>>;

/// The cache of one worker.
#[derive(Default)]
pub struct SchemaCache {
    /// The one used last is at the end. So few are compared faster than hashed.
    entries: Vec<Entry>,
}

struct Entry {
    schema_type: SchemaType,
    definition: Bytes,
    compiled: Compiled,
}

impl SchemaCache {
    /// The compiled schema, or why it does not compile; the next time without compiling.
    ///
    /// # Errors
    /// As [`Schema::compile`].
    pub fn get(&mut self, schema_type: SchemaType, definition: &Bytes) -> Compiled {
        let known =
            self.entries.iter().position(|entry| entry.schema_type == schema_type && entry.definition == definition);
        let entry = match known {
            Some(index) => self.entries.remove(index),
            None => {
                if self.entries.len() == SCHEMAS_MAX {
                    self.entries.remove(0);
                }
                let compiled = Schema::compile(schema_type, definition).map(Rc::new).map_err(Rc::new);
                Entry { schema_type, definition: definition.clone(), compiled }
            }
        };
        let compiled = entry.compiled.clone();
        self.entries.push(entry);
        compiled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(number: usize) -> Bytes {
        Bytes::from(format!("{{\"minimum\": {number}}}"))
    }

    #[test]
    fn a_schema_is_compiled_once() {
        let mut cache = SchemaCache::default();
        let one = cache.get(SchemaType::JsonSchema, &definition(1)).unwrap();
        let two = cache.get(SchemaType::JsonSchema, &definition(1)).unwrap();
        assert!(Rc::ptr_eq(&one, &two));
        let other = cache.get(SchemaType::String, &definition(1)).unwrap();
        assert!(!Rc::ptr_eq(&one, &other), "the same text as another type is another schema");
    }

    #[test]
    fn the_one_not_used_for_longest_goes() {
        let mut cache = SchemaCache::default();
        let first = cache.get(SchemaType::JsonSchema, &definition(0)).unwrap();
        for number in 1..SCHEMAS_MAX {
            cache.get(SchemaType::JsonSchema, &definition(number)).unwrap();
        }
        assert!(Rc::ptr_eq(&first, &cache.get(SchemaType::JsonSchema, &definition(0)).unwrap()));
        cache.get(SchemaType::JsonSchema, &definition(SCHEMAS_MAX)).unwrap();
        assert_eq!(cache.entries.len(), SCHEMAS_MAX);
        assert!(Rc::ptr_eq(&first, &cache.get(SchemaType::JsonSchema, &definition(0)).unwrap()), "used last, kept");
        assert!(cache.entries.iter().all(|entry| entry.definition != definition(1)), "not used, gone");
    }

    #[test]
    fn what_does_not_compile_is_remembered_too() {
        let mut cache = SchemaCache::default();
        let broken = Bytes::from_static(b"{");
        let one = cache.get(SchemaType::JsonSchema, &broken).unwrap_err();
        let two = cache.get(SchemaType::JsonSchema, &broken).unwrap_err();
        assert!(Rc::ptr_eq(&one, &two));
    }
}
