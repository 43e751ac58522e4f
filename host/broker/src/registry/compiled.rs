//! A bounded set of compiled schemas. Which are worth keeping: those used last.

use irongate_schema::Schema;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// Schema id and version.
type Key = (u64, u32);

struct Entry {
    schema: Arc<Schema>,
    used: AtomicU64,
}

pub(super) struct CompiledSchemas {
    entries: RwLock<HashMap<Key, Entry>>,
    clock: AtomicU64,
    schemas_max: usize,
}

impl CompiledSchemas {
    pub(super) fn new(schemas_max: usize) -> Self {
        Self { entries: RwLock::default(), clock: AtomicU64::new(0), schemas_max: schemas_max.max(1) }
    }

    pub(super) fn get(&self, key: Key) -> Option<Arc<Schema>> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(&key)?;
        entry.used.store(self.tick(), Ordering::Relaxed);
        Some(Arc::clone(&entry.schema))
    }

    pub(super) fn put(&self, key: Key, schema: Arc<Schema>) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.schemas_max && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.used.load(Ordering::Relaxed));
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                entries.remove(&oldest);
            }
        }
        entries.insert(key, Entry { schema, used: AtomicU64::new(self.tick()) });
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_schema::SchemaType;

    #[test]
    fn the_one_used_longest_ago_makes_room() {
        let compiled = CompiledSchemas::new(2);
        let schema = Arc::new(Schema::compile(SchemaType::Bytes, b"").unwrap());
        compiled.put((1, 1), Arc::clone(&schema));
        compiled.put((1, 2), Arc::clone(&schema));
        assert!(compiled.get((1, 1)).is_some());
        compiled.put((1, 3), schema);
        assert!(compiled.get((1, 2)).is_none());
        assert!(compiled.get((1, 1)).is_some() && compiled.get((1, 3)).is_some());
    }
}
