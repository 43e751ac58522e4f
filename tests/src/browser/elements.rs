//! Finding, reading and using elements by test id. Every look waits until the element
//! is there, because the page draws when it has something to draw.

use fantoccini::{
    Client, Locator,
    actions::{InputSource, KeyAction, KeyActions},
    elements::Element,
    key::Key,
};

use crate::until;

/// The page in the window, whichever it is.
#[derive(Clone)]
pub struct Page {
    client: Client,
}

impl Page {
    pub(super) fn new(client: Client) -> Page {
        Page { client }
    }

    /// The element with this test id, once it is there.
    pub async fn element(&self, id: &str) -> Element {
        until::some(&format!("an element with data-testid={id}"), async || self.elements(id).await.into_iter().next())
            .await
    }

    /// All elements with this test id at this moment.
    pub async fn elements(&self, id: &str) -> Vec<Element> {
        let selector = format!("[data-testid=\"{id}\"]");
        self.client.find_all(Locator::Css(&selector)).await.unwrap_or_default()
    }

    /// Clicks it.
    pub async fn click(&self, id: &str) {
        until::some(&format!("{id} to be clickable"), async || self.element(id).await.click().await.ok()).await;
    }

    /// Its visible text at this moment; none where it is not there.
    pub async fn text(&self, id: &str) -> Option<String> {
        self.elements(id).await.first()?.text().await.ok()
    }

    /// Waits until its visible text is as wanted, and answers it.
    ///
    /// # Panics
    /// It never is; the last text is shown.
    pub async fn text_where(&self, id: &str, wanted: impl Fn(&str) -> bool) -> String {
        let looking = async {
            loop {
                let text = self.text(id).await;
                match text {
                    Some(text) if wanted(&text) => return text,
                    _ => until::a_moment().await,
                }
            }
        };
        match tokio::time::timeout(until::PATIENCE, looking).await {
            Ok(text) => text,
            Err(_) => panic!("{id} does not say what was waited for; it says {:?}", self.text(id).await),
        }
    }

    /// What is typed into it.
    pub async fn value(&self, id: &str) -> String {
        // The code editor may take the plain field's place between finding and reading it.
        until::some(&format!("{id} to have a value"), async || {
            self.element(id).await.prop("value").await.ok().flatten()
        })
        .await
    }

    /// Replaces what is typed into it, key by key, as a person would.
    pub async fn fill(&self, id: &str, text: &str) {
        self.click(id).await;
        self.chord(Key::Control, 'a').await;
        self.keys(&String::from(char::from(Key::Delete))).await;
        if text.contains('\n') {
            // An editor continues the indentation of a line that is typed, but not of one that is pasted.
            self.paste(text).await;
        } else {
            self.keys(text).await;
        }
        until::some(&format!("{id} to hold what was typed"), async || (self.value(id).await == text).then_some(()))
            .await;
    }

    /// Chooses an option of a select by its value.
    pub async fn choose(&self, id: &str, value: &str) {
        until::some(&format!("{id} to offer {value}"), async || {
            self.element(id).await.select_by_value(value).await.ok()
        })
        .await;
    }

    /// Types into whatever has the focus.
    pub async fn keys(&self, text: &str) {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.send_keys(text).await.expect("what has the focus takes keys");
    }

    /// Pastes into whatever has the focus.
    pub async fn paste(&self, text: &str) {
        let script = "const [text, target] = [arguments[0], document.activeElement];
            if (target.isContentEditable) {
                const data = new DataTransfer(); data.setData('text/plain', text);
                const event = new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true});
                return target.dispatchEvent(event);
            }
            return document.execCommand('insertText', false, text)";
        self.client.execute(script, vec![text.into()]).await.expect("the page runs scripts");
    }

    /// Presses a key, whatever has the focus: also what takes no text.
    pub async fn press(&self, key: Key) {
        let key = key.into();
        let actions = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        self.client.perform_actions(actions).await.expect("the keyboard can be used");
    }

    /// Presses a key while another is held.
    pub async fn chord(&self, held: Key, key: char) {
        let actions = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: held.into() })
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key })
            .then(KeyAction::Up { value: held.into() });
        self.client.perform_actions(actions).await.expect("the keyboard can be used");
    }

    /// The test id of what has the focus; empty where it has none.
    pub async fn focused(&self) -> String {
        let focused = self.client.active_element().await.expect("something has the focus");
        focused.attr("data-testid").await.ok().flatten().unwrap_or_default()
    }

    /// Runs a script in the page and answers what it returns.
    pub async fn script(&self, script: &str) -> serde_json::Value {
        self.client.execute(script, Vec::new()).await.expect("the page runs scripts")
    }

    /// Runs a script that is given these arguments and, after them, the function that it answers through, once.
    pub async fn script_that_answers(&self, script: &str, arguments: Vec<serde_json::Value>) -> serde_json::Value {
        self.client.execute_async(script, arguments).await.expect("the script answers")
    }

    /// The address in the address bar.
    pub async fn url(&self) -> String {
        self.client.current_url().await.expect("a window has an address").to_string()
    }

    /// How far the page is wider than the window, in CSS pixels: a person would have to scroll sideways.
    pub async fn overflow_width(&self) -> i64 {
        let script = "return document.documentElement.scrollWidth - window.innerWidth";
        self.script(script).await.as_i64().expect("widths are whole numbers")
    }
}
