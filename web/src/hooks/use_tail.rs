//! The live tail: one browse stream into the buffer, a redraw per animation frame at most,
//! and another attempt when the stream breaks. What is drawn is not its business.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use gloo_events::EventListener;
use gloo_render::{AnimationFrame, request_animation_frame};
use gloo_timers::future::TimeoutFuture;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use tonic::Code;
use yew::prelude::*;

use crate::api::browse;
use crate::browser::Task;
use crate::state::backoff;
use crate::state::explain::Failure;
use crate::state::tail_buffer::TailBuffer;
use crate::state::tail_query::resume;

/// Where the stream stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Connection {
    /// Not connected, by the user's wish.
    #[default]
    Idle,
    /// The host has been asked.
    Connecting,
    /// Messages that were there when the call began are arriving.
    CatchingUp,
    /// All of them are here; new ones arrive as they come.
    Live,
    /// Broken; the next attempt comes by itself.
    Waiting {
        /// Why.
        failure: Failure,
        /// In how many milliseconds.
        wait_ms: u32,
    },
    /// The host will not serve this request, however often it is asked.
    Refused(Failure),
}

/// The buffer with its redraws. Clones share it.
#[derive(Clone)]
pub struct Tail {
    shared: Rc<Shared>,
    redraw: UseForceUpdateHandle,
}

#[derive(Default)]
struct Shared {
    buffer: RefCell<TailBuffer>,
    connection: RefCell<Connection>,
    frame: RefCell<Option<AnimationFrame>>,
    task: RefCell<Option<Task>>,
}

impl PartialEq for Tail {
    /// Two handles of one tail differ when something has been drawn between them.
    fn eq(&self, _: &Tail) -> bool {
        false
    }
}

/// A tail that ends with its component.
#[hook]
pub fn use_tail() -> Tail {
    let shared = use_memo((), |()| Rc::new(Shared::default()));
    let redraw = use_force_update();
    {
        let (shared, redraw) = (Rc::clone(&shared), redraw.clone());
        use_effect_with((), move |()| {
            // A page kept for the back button would keep its connection, of which a browser has six.
            let left = {
                let shared = Rc::clone(&shared);
                EventListener::new(&gloo_utils::window(), "pagehide", move |_| {
                    shared.task.replace(None);
                    shared.connection.replace(Connection::Idle);
                    redraw.force_update();
                })
            };
            move || {
                drop(left);
                shared.task.replace(None);
                shared.frame.replace(None);
            }
        });
    }
    Tail { shared: Rc::clone(&shared), redraw }
}

impl Tail {
    /// The rows.
    #[must_use]
    pub fn buffer(&self) -> Ref<'_, TailBuffer> {
        self.shared.buffer.borrow()
    }

    /// Where the stream stands.
    #[must_use]
    pub fn connection(&self) -> Connection {
        self.shared.connection.borrow().clone()
    }

    /// Changes the rows or the view on them, and draws.
    pub fn change<T>(&self, change: impl FnOnce(&mut TailBuffer) -> T) -> T {
        let answer = change(&mut self.shared.buffer.borrow_mut());
        self.draw_soon();
        answer
    }

    /// Starts anew with a request.
    pub fn connect(&self, request: BrowseRequest) {
        self.shared.buffer.borrow_mut().restart();
        let tail = self.clone();
        let task = Task::spawn(async move { tail.run(request).await });
        self.shared.task.replace(Some(task));
    }

    /// Ends the stream; the rows stay.
    pub fn disconnect(&self) {
        self.shared.task.replace(None);
        self.enter(Connection::Idle);
    }

    async fn run(&self, request: BrowseRequest) {
        let mut failures = 0;
        loop {
            self.enter(Connection::Connecting);
            let last_append_time_ms = self.buffer().last_append_time_ms();
            let failure = match self.stream(resume(&request, last_append_time_ms), &mut failures).await {
                Err(failure) => failure,
                Ok(()) => Failure::new(Code::Unavailable, "the host has ended the stream"),
            };
            if matches!(failure.code, Code::InvalidArgument | Code::Unimplemented | Code::PermissionDenied) {
                return self.enter(Connection::Refused(failure));
            }
            failures += 1;
            let wait_ms = backoff::wait_ms(failures);
            self.enter(Connection::Waiting { failure, wait_ms });
            TimeoutFuture::new(wait_ms).await;
        }
    }

    async fn stream(&self, request: BrowseRequest, failures: &mut u32) -> Result<(), Failure> {
        let mut browsing = browse::browse(request).await?;
        *failures = 0;
        self.enter(Connection::CatchingUp);
        while let Some(response) = browsing.next().await? {
            self.take(response);
        }
        Ok(())
    }

    fn take(&self, response: BrowseResponse) {
        if response.caught_up {
            self.enter(Connection::Live);
        }
        self.change(|buffer| buffer.push(response.messages, response.missed_count));
    }

    fn enter(&self, connection: Connection) {
        self.shared.connection.replace(connection);
        self.draw_soon();
    }

    /// However much arrives, the page is drawn once a frame.
    fn draw_soon(&self) {
        if self.shared.frame.borrow().is_some() {
            return;
        }
        let tail = self.clone();
        let frame = request_animation_frame(move |_| {
            tail.shared.frame.replace(None);
            if tail.shared.buffer.borrow_mut().scan_step() {
                tail.draw_soon();
            }
            tail.redraw.force_update();
        });
        self.shared.frame.replace(Some(frame));
    }
}
