//! Answers for what is not linked: each function that a component imports of WASI and that this host does not have can be imported, and ends the call
//! that calls it. Decides nothing: what is linked is decided in `runtime.rs`.

use thiserror::Error;
use wasmtime::{
    Engine, Result,
    component::{Component, Linker, ResourceType, types::ComponentItem},
};

use crate::{imports::Context, interface::unversioned};

/// A guest called what it was not granted. Ends the call.
#[derive(Debug, Error)]
#[error("called `{import}`, which is not granted")]
pub(crate) struct Denied {
    pub(crate) import: String,
}

impl Denied {
    pub(crate) fn import(import: String) -> Denied {
        Denied { import }
    }
}

/// Stands for every resource of an interface that is not there; none is ever made.
struct Nothing;

/// Defines these imports of a component, each an instance, as denied.
pub(crate) fn link(linker: &mut Linker<Context>, engine: &Engine, component: &Component, names: &[&str]) -> Result<()> {
    let ty = component.component_type();
    // A resource belongs to the interface that names it first; elsewhere the name is only an alias, which must not be defined again.
    let mut resources: Vec<ResourceType> = Vec::new();
    for (name, import) in ty.imports(engine) {
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        let mut interface = if names.contains(&name) { Some(linker.instance(name)?) } else { None };
        for (item, export) in instance.exports(engine) {
            match (export.ty, &mut interface) {
                (ComponentItem::Resource(resource), interface) if !resources.contains(&resource) => {
                    resources.push(resource);
                    if let Some(interface) = interface {
                        interface.resource(item, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                    }
                }
                (ComponentItem::ComponentFunc(_), Some(interface)) => {
                    let import = format!("{}#{item}", unversioned(name));
                    interface.func_new(item, move |_, _, _, _| Err(Denied::import(import.clone()).into()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}
