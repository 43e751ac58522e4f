//! Watches the topic being produced to, so that a message sent is seen to come out again.
//! One browse stream per page, kept open while the topic stays.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use yew::prelude::*;

use crate::api::browse;
use crate::browser::{self, Task};
use crate::hooks::use_visible::use_visible;
use crate::state::backoff;
use crate::state::topic_facts::TopicFacts;

/// Sights kept for an acknowledgement that comes after them.
const SIGHTS_MAX: usize = 256;

/// What has been seen of this page's own messages. Clones share it.
#[derive(Clone, Default)]
pub struct Watch(Rc<Sights>);

impl PartialEq for Watch {
    fn eq(&self, other: &Watch) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Default)]
struct Sights {
    live: Cell<bool>,
    /// Publish time, which names the message, and when it was seen.
    seen: RefCell<VecDeque<(u64, f64)>>,
}

impl Watch {
    /// Whether the stream is open: what is sent now will be seen.
    #[must_use]
    pub fn live(&self) -> bool {
        self.0.live.get()
    }

    /// When the message with this publish time was seen, on the clock of [`browser::now_ms`].
    #[must_use]
    pub fn seen_at_ms(&self, publish_time_ms: u64) -> Option<f64> {
        let seen = self.0.seen.borrow();
        seen.iter().find(|(id, _)| *id == publish_time_ms).map(|(_, at_ms)| *at_ms)
    }

    fn take(&self, response: BrowseResponse, producer_name: &str) {
        let at_ms = browser::now_ms();
        let messages = response.messages.into_iter().filter_map(|browsed| browsed.message);
        let mut seen = self.0.seen.borrow_mut();
        for message in messages.filter(|message| message.producer_name == producer_name) {
            if seen.len() == SIGHTS_MAX {
                seen.pop_front();
            }
            seen.push_back((message.publish_time, at_ms));
        }
    }

    /// Reads one stored message back, for when the stream was not open as it was sent.
    pub async fn read_back(&self, topic: String, offset: u64, producer_name: &str) {
        let request = BrowseRequest { topics: vec![topic], start: Some(Start::Offset(offset)), follow: false };
        // A failure shows as "not seen": the message is acknowledged all the same.
        let Ok(mut browsing) = browse::browse(request).await else { return };
        while let Ok(Some(response)) = browsing.next().await {
            self.take(response, producer_name);
        }
    }

    async fn follow(&self, topic: &str, producer_name: &str) {
        let request = BrowseRequest { topics: vec![topic.to_owned()], start: Some(Start::Latest(true)), follow: true };
        let mut failures = 0;
        loop {
            if let Ok(mut browsing) = browse::browse(request.clone()).await {
                self.0.live.set(true);
                failures = 0;
                while let Ok(Some(response)) = browsing.next().await {
                    self.take(response, producer_name);
                }
            }
            self.0.live.set(false);
            failures += 1;
            TimeoutFuture::new(backoff::wait_ms(failures)).await;
        }
    }
}

/// Watches a topic while it exists and somebody can see the page.
#[hook]
pub fn use_watch(topic: &AttrValue, facts: &TopicFacts, producer_name: &AttrValue) -> Watch {
    let watch = use_memo((), |()| Watch::default());
    let visible = use_visible();
    let wanted = visible && matches!(facts, TopicFacts::Exists(_));
    {
        let watch = (*watch).clone();
        let dependencies = (topic.clone(), wanted, producer_name.clone());
        use_effect_with(dependencies, move |(topic, wanted, producer_name)| {
            let (topic, producer_name) = (topic.clone(), producer_name.clone());
            let following = watch.clone();
            let task = wanted.then(|| Task::spawn(async move { following.follow(&topic, &producer_name).await }));
            move || {
                drop(task);
                watch.0.live.set(false);
            }
        });
    }
    (*watch).clone()
}
