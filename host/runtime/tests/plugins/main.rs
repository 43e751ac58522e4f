//! The runtime with real components: the examples, and the zoo of hostile guests. One test program, because linking wasmtime takes longer than all tests
//! together.

mod batches;
mod caching;
mod coverage;
mod examples;
mod guests;
mod lanes;
mod limits;
mod loading;
mod packing;
mod reach;
mod zoo;
