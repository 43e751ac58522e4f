//! The macro that makes a component of a [`Transform`](crate::Transform), and the glue between its types and the generated ones. Empty where the target is not
//! WebAssembly: a native test needs neither.

/// Makes this crate's transform the one that the component exports. Say it once, at the root of a crate whose `crate-type` is `cdylib`.
///
/// The transform lives in a thread-local value: a component has one thread. The component's global allocator is this crate's.
#[macro_export]
macro_rules! export {
    ($transform:ty) => {
        // Natively nothing is exported, but the transform counts as used.
        #[cfg(not(target_family = "wasm"))]
        const _: fn(&str) -> ::core::result::Result<$transform, ::std::string::String> =
            $crate::configure::<$transform>;

        #[cfg(target_family = "wasm")]
        const _: () = {
            use $crate::glue;

            ::std::thread_local! {
                static TRANSFORM: ::std::cell::RefCell<Option<$transform>> = const { ::std::cell::RefCell::new(None) };
            }

            #[global_allocator]
            static ALLOCATOR: glue::Allocator = glue::Allocator::new();

            struct Component;

            impl glue::Guest for Component {
                fn describe() -> glue::Description {
                    glue::describe::<$transform>()
                }

                fn configure(configuration: String) -> Result<(), String> {
                    let transform = $crate::configure(&configuration)?;
                    TRANSFORM.set(Some(transform));
                    Ok(())
                }

                fn transform(batch: Vec<glue::InputRecord>) -> Vec<glue::Outcome> {
                    with_transform(|transform| glue::transform(transform, batch))
                }
            }

            impl glue::PackedGuest for Component {
                fn transform(batch: Vec<u8>) -> Vec<u8> {
                    with_transform(|transform| glue::transform_packed(transform, batch))
                }
            }

            fn with_transform<O>(call: impl FnOnce(&mut $transform) -> O) -> O {
                TRANSFORM.with_borrow_mut(|transform| {
                    call(transform.as_mut().expect("the host configures a transform before it uses it"))
                })
            }

    glue::export_component!(Component with_types_in glue::bindings);
        };
    };
}

/// Nothing, natively.
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub mod glue {}

/// What the macro needs; not an interface for people.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[allow(missing_docs, reason = "generated, and hidden")]
pub mod glue {
    use crate::{
        Capability, Host, Level, Outcome as SdkOutcome, OutputRecord, Record, SchemaReference, StateError, Transform,
        host::Backend, packing,
    };

    pub use crate::allocator::Allocator;

    pub mod bindings {
        wit_bindgen::generate!({
            path: "../wit",
            world: "packed-transform",
            pub_export_macro: true,
            export_macro_name: "export_component",
        });
    }

    use bindings::irongate::transform::{counters, logging, state, types};
    pub use bindings::{
        export_component,
        exports::irongate::transform::{
            guest::{Description, Guest, InputRecord, Outcome},
            packed::Guest as PackedGuest,
        },
    };

    pub fn describe<T: Transform>() -> Description {
        let said = T::describe();
        Description {
            name: said.name,
            version: said.version,
            summary: said.summary,
            configuration_schema: said.configuration_schema,
            input_subjects: said.input_subjects,
            output_subjects: said.output_subjects,
            capabilities: said.capabilities.into_iter().map(capability).collect(),
        }
    }

    pub fn transform<T: Transform>(transform: &mut T, batch: Vec<InputRecord>) -> Vec<Outcome> {
        let batch = batch.into_iter().map(input).collect();
        let mut imports = Imports;
        transform.transform_batch(batch, &mut Host::new(&mut imports)).into_iter().map(outcome).collect()
    }

    pub fn transform_packed<T: Transform>(transform: &mut T, batch: Vec<u8>) -> Vec<u8> {
        let records = packing::batch(&batch);
        let batch_bytes = batch.len();
        // A large batch need not be there beside its answer.
        drop(batch);
        let mut imports = Imports;
        let outcomes = transform.transform_batch(records, &mut Host::new(&mut imports));
        packing::answer(outcomes, batch_bytes)
    }

    fn capability(capability: Capability) -> types::Capability {
        match capability {
            Capability::State => types::Capability::State,
            Capability::Clock => types::Capability::Clock,
            Capability::Random => types::Capability::Random,
            Capability::Other(name) => types::Capability::Other(name),
        }
    }

    fn input(record: InputRecord) -> Record {
        let schema = record.schema.map(|schema| SchemaReference { subject: schema.subject, version: schema.version });
        Record {
            topic: record.topic,
            partition: record.partition,
            offset: record.offset,
            key: record.key,
            attributes: record.attributes,
            publish_time_ms: record.publish_time_ms,
            schema,
            payload: record.payload,
        }
    }

    fn outcome(outcome: SdkOutcome) -> Outcome {
        match outcome {
            SdkOutcome::Emit(records) => Outcome::Emit(records.into_iter().map(output).collect()),
            SdkOutcome::Keep => Outcome::Keep,
            SdkOutcome::Drop => Outcome::Drop,
            SdkOutcome::Reject(reason) => Outcome::Reject(reason),
            SdkOutcome::Retry(reason) => Outcome::Retry(reason),
        }
    }

    fn output(record: OutputRecord) -> types::OutputRecord {
        let schema =
            record.schema.map(|schema| types::SchemaReference { subject: schema.subject, version: schema.version });
        types::OutputRecord {
            topic: record.topic,
            key: record.key,
            attributes: record.attributes,
            schema,
            payload: record.payload,
        }
    }

    /// The host itself.
    struct Imports;

    impl Backend for Imports {
        fn log(&mut self, level: Level, message: &str) {
            let level = match level {
                Level::Trace => logging::Level::Trace,
                Level::Debug => logging::Level::Debug,
                Level::Info => logging::Level::Info,
                Level::Warn => logging::Level::Warn,
                Level::Error => logging::Level::Error,
            };
            logging::log(level, message);
        }

        fn count(&mut self, name: &str, amount: u64) {
            counters::add(name, amount);
        }

        fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, StateError> {
            state::get(key).map_err(state_error)
        }

        fn set(&mut self, key: &str, value: &[u8]) -> Result<(), StateError> {
            state::set(key, value).map_err(state_error)
        }

        fn delete(&mut self, key: &str) -> Result<(), StateError> {
            state::delete(key).map_err(state_error)
        }
    }

    fn state_error(error: state::StateError) -> StateError {
        match error {
            state::StateError::Denied => StateError::Denied,
            state::StateError::TooLarge(reason) => StateError::TooLarge(reason),
            state::StateError::Other(reason) => StateError::Other(reason),
        }
    }
}
