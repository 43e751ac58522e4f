//! Records and outcomes, owned. The fields are those of `transform.wit`.

/// A registered schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaReference {
    /// The subject's name.
    pub subject: String,
    /// The version, counted from 1.
    pub version: u32,
}

/// A record as it comes in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The topic's base name.
    pub topic: String,
    /// The partition, counted from 0; none where the topic has none or the record is not in it yet.
    pub partition: Option<u32>,
    /// The offset; none where the record is not stored yet.
    pub offset: Option<u64>,
    /// The routing key, if one was given.
    pub key: Option<String>,
    /// Names and values, each name once.
    pub attributes: Vec<(String, String)>,
    /// Milliseconds since 1970, by the producer's clock.
    pub publish_time_ms: u64,
    /// The schema that the producer named.
    pub schema: Option<SchemaReference>,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Record {
    /// A record with nothing but a topic and a payload: for tests.
    #[must_use]
    pub fn new(topic: &str, payload: impl Into<Vec<u8>>) -> Record {
        Record { topic: topic.into(), payload: payload.into(), ..Record::default() }
    }

    /// The same with a routing key: for tests.
    #[must_use]
    pub fn keyed(self, key: &str) -> Record {
        Record { key: Some(key.into()), ..self }
    }

    /// The same with one more attribute: for tests.
    #[must_use]
    pub fn attributed(mut self, name: &str, value: &str) -> Record {
        self.attributes.push((name.into(), value.into()));
        self
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// An output with this record's key, attributes and schema, and another payload.
    #[must_use]
    pub fn with_payload(self, payload: impl Into<Vec<u8>>) -> OutputRecord {
        OutputRecord {
            topic: None,
            key: self.key,
            attributes: self.attributes,
            schema: self.schema,
            payload: payload.into(),
        }
    }

    /// An output like this record, for a topic of the pipeline's choice.
    #[must_use]
    pub fn into_output(mut self) -> OutputRecord {
        let payload = std::mem::take(&mut self.payload);
        self.with_payload(payload)
    }
}

/// A record as it goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputRecord {
    /// The topic that it is for; none: the pipeline's choice.
    pub topic: Option<String>,
    /// The routing key.
    pub key: Option<String>,
    /// Names and values; of a name that occurs twice the last value counts.
    pub attributes: Vec<(String, String)>,
    /// The schema of the payload; none: the one that the target is bound to.
    pub schema: Option<SchemaReference>,
    /// The payload.
    pub payload: Vec<u8>,
}

impl OutputRecord {
    /// The same for a topic. The pipeline must list it.
    #[must_use]
    pub fn for_topic(self, topic: &str) -> OutputRecord {
        OutputRecord { topic: Some(topic.into()), ..self }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn attributed(mut self, name: &str, value: &str) -> OutputRecord {
        self.attributes.push((name.into(), value.into()));
        self
    }
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// These take its place. None at all is the same as [`Outcome::Drop`].
    Emit(Vec<OutputRecord>),
    /// It goes on as it is: cheaper than emitting a copy.
    Keep,
    /// It is filtered, as intended.
    Drop,
    /// It can never be transformed; the sentence says why.
    Reject(String),
    /// It cannot be transformed now; the sentence says why. The host tries again later.
    Retry(String),
}

impl Outcome {
    /// One record takes its place.
    pub fn emit(record: OutputRecord) -> Outcome {
        Outcome::Emit(vec![record])
    }

    /// It can never be transformed.
    pub fn reject(reason: impl Into<String>) -> Outcome {
        Outcome::Reject(reason.into())
    }

    /// The payloads that it emits, as text: for tests. Empty where it emits none.
    #[must_use]
    pub fn payloads(&self) -> Vec<String> {
        let Outcome::Emit(records) = self else { return Vec::new() };
        records.iter().map(|record| String::from_utf8_lossy(&record.payload).into_owned()).collect()
    }
}
