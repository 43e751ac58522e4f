//! The interface `irongate:transform` as Rust, made from `plugins/wit` by wasmtime. Nothing outside this crate sees these types.

wasmtime::component::bindgen!({
    path: "../../plugins/wit",
    world: "transform",
    // Payloads are lowered from the caller's buffers without a copy in between.
    ownership: Borrowing { duplicate_if_necessary: true },
    // An import may end the call: for a denied capability, and for a fault of the host.
    imports: { default: trappable },
});
