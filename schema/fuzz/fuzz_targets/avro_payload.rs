//! Payloads of Avro, whatever they are made of.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| irongate_schema_fuzz::payload(irongate_schema::SchemaType::Avro, data));
