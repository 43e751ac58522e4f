//! The few things the page asks the browser for by itself: clocks, storage, values of
//! fields, tasks that end with their owner. No network, no components.

use std::future::Future;
use std::pin::Pin;

use futures_util::future::{AbortHandle, Abortable};
use wasm_bindgen::JsCast as _;
use web_sys::{
    Blob, BlobPropertyBag, Element, Event, HtmlAnchorElement, HtmlElement, HtmlInputElement, HtmlSelectElement,
    HtmlTextAreaElement, Storage, Url,
};

/// A task that is dropped, with all it holds, when this guard is: a stream in it is closed at once,
/// not at its next message.
pub struct Task(AbortHandle);

impl Task {
    /// Runs a future until it ends or the guard is dropped.
    #[must_use = "dropping the guard ends the task"]
    pub fn spawn(future: impl Future<Output = ()> + 'static) -> Task {
        Task::spawn_boxed(Box::pin(future))
    }

    /// One copy of this for all futures.
    fn spawn_boxed(future: Pin<Box<dyn Future<Output = ()>>>) -> Task {
        let (handle, registration) = AbortHandle::new_pair();
        wasm_bindgen_futures::spawn_local(async move {
            // Aborted or finished: there is nobody left to tell.
            let _ended = Abortable::new(future, registration).await;
        });
        Task(handle)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Milliseconds on a clock that only moves forward.
#[must_use]
pub fn now_ms() -> f64 {
    gloo_utils::window().performance().map_or(0.0, |performance| performance.now())
}

/// Milliseconds since the epoch.
#[must_use]
pub fn epoch_ms() -> u64 {
    js_sys::Date::now() as u64
}

/// Minutes that local time is ahead of UTC at a time given in milliseconds since the epoch.
#[must_use]
pub fn utc_offset_minutes(epoch_ms: u64) -> i32 {
    -js_sys::Date::new(&(epoch_ms as f64).into()).get_timezone_offset() as i32
}

fn storage() -> Option<Storage> {
    gloo_utils::window().local_storage().ok().flatten()
}

/// Text kept in this browser, if it is allowed to keep any.
#[must_use]
pub fn stored(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps a text; answers whether that worked. Browsers refuse beyond about 5 MB.
#[must_use]
pub fn store(key: &str, text: &str) -> bool {
    storage().is_some_and(|storage| storage.set_item(key, text).is_ok())
}

/// Forgets a text.
pub fn forget(key: &str) {
    if let Some(storage) = storage() {
        // A browser that keeps nothing has nothing to forget.
        let _ignored = storage.remove_item(key);
    }
}

/// Puts a text on the clipboard; answers whether the browser let it.
pub async fn copy(text: &str) -> bool {
    // Outside a secure context there is no clipboard at all, whatever the type says.
    let navigator = gloo_utils::window().navigator();
    let there = js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| !clipboard.is_undefined());
    there && wasm_bindgen_futures::JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}

/// Bytes as text that storage takes.
#[must_use]
pub fn base64(bytes: &[u8]) -> Option<String> {
    let characters: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    gloo_utils::window().btoa(&characters).ok()
}

/// The bytes of such a text.
#[must_use]
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    let characters = gloo_utils::window().atob(text).ok()?;
    characters.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

/// The value of the field that an event came from.
#[must_use]
pub fn value_of(event: &Event) -> String {
    let Some(target) = event.target() else { return String::new() };
    if let Some(input) = target.dyn_ref::<HtmlInputElement>() {
        return input.value();
    }
    if let Some(area) = target.dyn_ref::<HtmlTextAreaElement>() {
        return area.value();
    }
    target.dyn_ref::<HtmlSelectElement>().map(HtmlSelectElement::value).unwrap_or_default()
}

/// Whether the checkbox that an event came from is ticked.
#[must_use]
pub fn checked_of(event: &Event) -> bool {
    let target = event.target();
    target.and_then(|target| target.dyn_into::<HtmlInputElement>().ok()).is_some_and(|input| input.checked())
}

/// Whether an element has the focus.
#[must_use]
pub fn has_focus(element: &Element) -> bool {
    gloo_utils::document().active_element().as_ref() == Some(element)
}

/// Puts the focus on the first element that a selector finds.
pub fn focus(selector: &str) {
    let found = gloo_utils::document().query_selector(selector).ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        // Focus is a courtesy; an element that does not take it is left as it is.
        let _ignored = element.focus();
    }
}

/// Offers a text to be saved as a file of that name.
pub fn download(name: &str, media_type: &str, text: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = js_sys::Array::of1(&text.into());
    let document = gloo_utils::document();
    let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) else { return };
    let (Ok(url), Ok(link)) = (Url::create_object_url_with_blob(&blob), document.create_element("a")) else { return };
    let link: HtmlAnchorElement = link.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has begun by now; where it has forgotten the address already, that is as well.
    let _forgotten = Url::revoke_object_url(&url);
}
