//! The schema registry: subjects, their versions, and compiled schemas ready for use. What
//! is registered is on disk before it is visible. Which topic uses what is not its matter.

mod changes;
mod compiled;
mod queries;
mod topic_schema;

use crate::BrokerError;
use crate::commits::store_error;
use crate::config::Limits;
use crate::documents::{self, SubjectDocument, VersionDocument};
use compiled::CompiledSchemas;
use irongate_proto::danube::SchemaReference;
use irongate_proto::danube::schema_reference::VersionRef;
use irongate_schema::{Compatibility, Schema, SchemaError, SchemaType};
use irongate_store::Store;
use prost::Message;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// A subject as it is now; replaced as a whole when it changes.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) schema_id: u64,
    pub(crate) mode: Compatibility,
    /// Never empty.
    pub(crate) versions: BTreeMap<u32, VersionDocument>,
    next_version: u32,
}

impl Subject {
    fn restore(name: &str, document: SubjectDocument) -> Result<Self, String> {
        let mode = document.mode.parse().map_err(|error: SchemaError| error.to_string())?;
        let versions: BTreeMap<u32, VersionDocument> =
            document.versions.into_iter().map(|version| (version.version, version)).collect();
        if versions.is_empty() {
            return Err(format!("the subject {name} has no version"));
        }
        let (schema_id, next_version) = (document.schema_id, document.next_version);
        Ok(Self { name: name.to_owned(), schema_id, mode, versions, next_version })
    }

    fn document(&self) -> SubjectDocument {
        SubjectDocument {
            schema_id: self.schema_id,
            mode: self.mode.to_string(),
            next_version: self.next_version,
            versions: self.versions.values().cloned().collect(),
        }
    }

    pub(crate) fn latest(&self) -> u32 {
        self.versions.last_key_value().map_or(0, |(version, _)| *version)
    }

    fn versions_in_words(&self) -> String {
        let versions: Vec<String> = self.versions.keys().map(u32::to_string).collect();
        let shown = 10;
        match versions.len().checked_sub(shown) {
            None | Some(0) => format!("; it has {}", versions.join(", ")),
            Some(more) => format!("; it has {} and {more} older", versions[more..].join(", ")),
        }
    }

    fn unregistered(&self, version: u32) -> BrokerError {
        BrokerError::VersionUnregistered { subject: self.name.clone(), version, hint: self.versions_in_words() }
    }

    /// The version a producer's reference stands for, now.
    pub(crate) fn resolve(&self, reference: Option<&SchemaReference>) -> Result<u32, BrokerError> {
        let latest = self.latest();
        match reference.and_then(|reference| reference.version_ref) {
            Some(VersionRef::PinnedVersion(version)) if self.versions.contains_key(&version) => Ok(version),
            Some(VersionRef::PinnedVersion(version)) => Err(self.unregistered(version)),
            Some(VersionRef::MinVersion(version)) if version > latest => Err(self.unregistered(version)),
            Some(VersionRef::MinVersion(_) | VersionRef::UseLatest(_)) | None => Ok(latest),
        }
    }

    /// The version named on a message, if the producer's reference allows it.
    pub(crate) fn allow(&self, version: u32, reference: Option<&SchemaReference>) -> Result<u32, BrokerError> {
        if !self.versions.contains_key(&version) {
            return Err(self.unregistered(version));
        }
        let refused = |what: String| Err(BrokerError::PublishRefused { reason: what });
        match reference.and_then(|reference| reference.version_ref) {
            Some(VersionRef::PinnedVersion(pinned)) if pinned != version => refused(format!(
                "the message names version {version} of {}, its producer is pinned to version {pinned}",
                self.name
            )),
            Some(VersionRef::MinVersion(least)) if least > version => refused(format!(
                "the message names version {version} of {}, its producer asks for {least} or later",
                self.name
            )),
            _ => Ok(version),
        }
    }
}

#[derive(Default)]
struct State {
    subjects: BTreeMap<String, Arc<Subject>>,
    by_id: HashMap<u64, String>,
}

pub(crate) struct Registry {
    store: Arc<Store>,
    state: RwLock<State>,
    compiled: CompiledSchemas,
}

impl Registry {
    pub(crate) fn load(store: Arc<Store>, limits: &Limits) -> Result<Self, String> {
        let mut state = State::default();
        for document in store.documents(documents::SUBJECTS) {
            let (key, value) = document.map_err(|error| error.to_string())?;
            let name = documents::name_in(documents::SUBJECTS, &key).ok_or("a subject's name is not text")?;
            let document = SubjectDocument::decode(value)
                .map_err(|error| format!("the document of the subject {name} does not decode: {error}"))?;
            let subject = Subject::restore(name, document)?;
            state.by_id.insert(subject.schema_id, name.to_owned());
            state.subjects.insert(name.to_owned(), Arc::new(subject));
        }
        let compiled = CompiledSchemas::new(limits.compiled_schemas_max);
        Ok(Self { store, state: RwLock::new(state), compiled })
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self) -> usize {
        self.read().subjects.len()
    }

    pub(crate) fn find(&self, subject: &str) -> Option<Arc<Subject>> {
        self.read().subjects.get(subject).cloned()
    }

    fn find_by_id(&self, schema_id: u64) -> Option<Arc<Subject>> {
        let state = self.read();
        state.by_id.get(&schema_id).and_then(|name| state.subjects.get(name)).cloned()
    }

    pub(crate) fn name_of(&self, schema_id: u64) -> Option<String> {
        self.read().by_id.get(&schema_id).cloned()
    }

    fn all(&self) -> Vec<Arc<Subject>> {
        self.read().subjects.values().cloned().collect()
    }

    /// A subject that a topic or producer relies on.
    pub(crate) fn registered(&self, subject: &str) -> Result<Arc<Subject>, BrokerError> {
        self.find(subject).ok_or_else(|| BrokerError::SubjectUnregistered { subject: subject.to_owned() })
    }

    /// Whether subject and version of a producer's reference exist.
    pub(crate) fn check_reference(&self, reference: &SchemaReference) -> Result<(), BrokerError> {
        self.registered(&reference.subject)?.resolve(Some(reference)).map(|_| ())
    }

    fn set(&self, subject: Subject) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.by_id.insert(subject.schema_id, subject.name.clone());
        state.subjects.insert(subject.name.clone(), Arc::new(subject));
    }

    fn remove(&self, subject: &Subject) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.by_id.remove(&subject.schema_id);
        state.subjects.remove(&subject.name);
    }

    /// The definition exactly as it was registered.
    fn definition(&self, subject: &Subject, version: u32) -> Result<bytes::Bytes, BrokerError> {
        let key = documents::definition_key(subject.schema_id, version);
        let found = self.store.document(&key).map_err(store_error)?;
        found.ok_or_else(|| BrokerError::Unreadable {
            reason: format!("the definition of {} version {version} is not in the store", subject.name),
        })
    }

    /// Ready to validate; compiled when it was not.
    pub(crate) fn compiled(&self, subject: &Subject, version: u32) -> Result<Arc<Schema>, BrokerError> {
        let key = (subject.schema_id, version);
        if let Some(schema) = self.compiled.get(key) {
            return Ok(schema);
        }
        let unreadable = |what: String| BrokerError::Unreadable {
            reason: format!("the stored schema {} version {version} {what}", subject.name),
        };
        let meta = subject.versions.get(&version).ok_or_else(|| subject.unregistered(version))?;
        let schema_type: SchemaType =
            meta.schema_type.parse().map_err(|error: SchemaError| unreadable(format!("has no known type: {error}")))?;
        let definition = self.definition(subject, version)?;
        let schema = Schema::compile(schema_type, &definition);
        let schema = Arc::new(schema.map_err(|error| unreadable(format!("does not compile: {error}")))?);
        self.compiled.put(key, Arc::clone(&schema));
        Ok(schema)
    }
}
