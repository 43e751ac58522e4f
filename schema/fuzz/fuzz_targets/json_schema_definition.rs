//! Definitions of JSON Schema, whatever they are made of.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| irongate_schema_fuzz::definition(irongate_schema::SchemaType::JsonSchema, data));
