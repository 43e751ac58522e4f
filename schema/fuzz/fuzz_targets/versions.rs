//! Two versions of a schema against each other.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| irongate_schema_fuzz::versions(data));
