//! One answer of the host that a component shows, fetched anew when what it depends on
//! changes. Not a cache.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use yew::prelude::*;

use crate::api::Failure;
use crate::browser::Task;

type Answering<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

/// Where the answer stands.
#[derive(Debug, PartialEq)]
pub enum Remote<T> {
    /// Not there yet.
    Pending,
    /// Here it is.
    Ready(Rc<T>),
    /// There will be none.
    Failed(Failure),
}

impl<T> Clone for Remote<T> {
    fn clone(&self) -> Remote<T> {
        match self {
            Remote::Pending => Remote::Pending,
            Remote::Ready(value) => Remote::Ready(value.clone()),
            Remote::Failed(failure) => Remote::Failed(failure.clone()),
        }
    }
}

impl<T> Remote<T> {
    /// The answer, if it is there.
    #[must_use]
    pub fn ready(&self) -> Option<&T> {
        match self {
            Remote::Ready(value) => Some(value),
            Remote::Pending | Remote::Failed(_) => None,
        }
    }
}

/// Fetches whenever `dependencies` change. An answer that is there stays until the next one, so that
/// lists do not blink; an answer to older dependencies is dropped.
#[hook]
pub fn use_remote<D, T, F>(dependencies: D, fetch: impl Fn(&D) -> F + 'static) -> Remote<T>
where
    D: PartialEq + 'static,
    T: 'static,
    F: Future<Output = Result<T, Failure>> + 'static,
{
    let remote = use_state(|| Remote::Pending);
    {
        let remote = remote.setter();
        use_effect_with(dependencies, move |dependencies| {
            let task = follow(Box::pin(fetch(dependencies)), remote);
            move || drop(task)
        });
    }
    (*remote).clone()
}

/// Boxed, so that this is compiled once for each kind of answer and not for each call.
fn follow<T: 'static>(answer: Answering<T>, remote: UseStateSetter<Remote<T>>) -> Task {
    Task::spawn(async move {
        remote.set(match answer.await {
            Ok(value) => Remote::Ready(Rc::new(value)),
            Err(failure) => Remote::Failed(failure),
        });
    })
}
