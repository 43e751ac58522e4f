//! Every bound of this crate, with its unit. Not the broker's message limit: that one is configured, these hold always.

/// Longest schema definition accepted, in bytes (1 MiB).
pub const DEFINITION_BYTES_MAX: usize = 1024 * 1024;

/// Longest payload that is validated, in bytes (32 MiB). A broker normally refuses larger messages long before.
pub const PAYLOAD_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Deepest nesting of arrays and objects in JSON text, for definitions and payloads alike, in levels.
pub const NESTING_LEVELS_MAX: usize = 100;

/// Memory that a parsed JSON payload may take, in bytes (512 MiB), as estimated while parsing. A text of small objects
/// grows sixty times when parsed; without this bound 32 MiB of payload could take 2 GiB.
pub const PARSED_BYTES_MAX: usize = 512 * 1024 * 1024;

/// Violations reported for one payload. A last one with rule [`crate::RULE_MORE`] says when there are more.
pub const VIOLATIONS_MAX: usize = 100;

/// Longest excerpt of a value or pattern shown inside a sentence, in characters.
pub const EXCERPT_CHARS_MAX: usize = 80;

/// Longest path shown in a violation, in characters; a longer one is cut and ends with `…`.
pub const PATH_CHARS_MAX: usize = 4096;

/// Most names or values listed inside one sentence.
pub const LISTED_VALUES_MAX: usize = 8;

/// Size of one compiled regular expression of a schema, in bytes (2 MiB).
pub const PATTERN_COMPILED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Backtracking steps for one pattern on one string. Applies only to schemas with look-around or back-references: all
/// others run on an engine whose time is linear in the text.
pub const PATTERN_BACKTRACK_STEPS_MAX: usize = 10_000;

/// Longest payload validated against a schema whose patterns need backtracking, in bytes (256 KiB). One step may look
/// at the rest of its string, so the steps alone do not bound the time.
pub const BACKTRACKING_PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// Longest chain of subschemas applied to one and the same value (`$ref`, `allOf`, `anyOf`, ...), in hops. The stack
/// of the validator grows with it.
pub const SCHEMA_CHAIN_HOPS_MAX: usize = 20;

/// Most subschemas applied to one and the same value. Nested `anyOf` and `$ref` double it with every level, so forty
/// lines of schema could otherwise keep a processor busy for days.
pub const SCHEMA_VISITS_MAX: u64 = 100_000;

/// Times that any subschema may meet any value of one payload. A schema that leads to its own items in two ways doubles
/// the work with every level of the data; the payload is then refused before it keeps a processor busy.
pub const WORK_VISITS_MAX: u64 = 20_000_000;

/// The same for a schema that meets its own descendants: where such a payload is invalid, the validator tries `anyOf`
/// again at every level to say why, so each visit may come back as often as the data is deep.
pub const RECURSIVE_WORK_VISITS_MAX: u64 = 4_000_000;

/// Findings reported by one compatibility check.
pub const FINDINGS_MAX: usize = 100;

/// Pairs of subschemas compared by one compatibility check.
pub const COMPARED_PAIRS_MAX: usize = 20_000;

/// Levels of properties, items and alternatives that one compatibility check descends.
pub const COMPARED_LEVELS_MAX: usize = 60;

/// Values that one binary Avro payload may hold (some take no bytes at all, so the payload's size does not bound them), and
/// that a Protobuf payload may hold to be shown as JSON.
pub const DECODED_VALUES_MAX: usize = 2_000_000;

/// Steps of matching one JSON payload against the unions of an Avro schema.
pub const AVRO_STEPS_MAX: usize = 5_000_000;

/// Size of one decompressed block of an Avro object container, in bytes (64 MiB).
pub const AVRO_BLOCK_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Digits that an Avro decimal may have.
pub const AVRO_PRECISION_DIGITS_MAX: usize = 1_000;

/// Files of one Protobuf definition.
pub const BUNDLE_FILES_MAX: usize = 100;

/// Attempts at one sample, each with other choices, before the schema counts as one that has none.
pub const SAMPLE_ATTEMPTS_MAX: usize = 64;

/// Values that one sample may hold.
pub const SAMPLE_VALUES_MAX: usize = 2_000;

/// Levels of a sample from which on only what is required is put in, so that recursive schemas come to an end.
pub const SAMPLE_LEVELS_FULL_MAX: usize = 4;

/// Levels of a sample at which an attempt is given up.
pub const SAMPLE_LEVELS_MAX: usize = 40;

/// Longest text in a sample, in characters.
pub const SAMPLE_TEXT_CHARS_MAX: usize = 10_000;

/// Fields of one form. What lies beyond is edited as JSON text, and [`crate::Form::is_cut`] says so.
pub const FORM_FIELDS_MAX: usize = 2_000;

/// Levels of one form: properties, items and alternatives within each other.
pub const FORM_LEVELS_MAX: usize = 24;

/// Text of the definition that one form repeats (defaults, choices, documentation, further rules), in bytes (4 MiB).
/// Types that are used in many places are repeated in each.
pub const FORM_TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Parts of the definition that are joined for one form; each field of a JSON Schema is made of as many as apply to it.
pub const FORM_PARTS_MAX: usize = 50_000;

/// Changes listed between two versions of a schema. A last one says when there are more.
pub const CHANGES_MAX: usize = 500;
