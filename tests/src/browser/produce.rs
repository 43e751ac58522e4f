//! The produce page: a form, the verdicts on what is typed, the result of sending.

use fantoccini::{Locator, key::Key};

use super::elements::Page;
use crate::until;

/// The page at `/produce`.
pub struct ProducePage {
    page: Page,
}

/// One row of the list of violations, as a person reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct ViolationRow {
    /// The schema's keyword.
    pub rule: String,
    /// Where in the data.
    pub instance_path: String,
    /// `line L, column C`.
    pub position: String,
    /// Where in the schema.
    pub schema_path: String,
    /// The sentence.
    pub message: String,
}

impl ProducePage {
    pub(super) fn new(page: Page) -> ProducePage {
        ProducePage { page }
    }

    /// The page itself, for what has no words of its own here.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Fills in the topic.
    pub async fn topic(&self, topic: &str) {
        self.page.fill("produce-topic", topic).await;
    }

    /// Ticks or unticks reliable delivery.
    pub async fn reliable(&self, wanted: bool) {
        let is_ticked = self.page.element("produce-reliable").await.is_selected().await.unwrap_or(false);
        if is_ticked != wanted {
            self.page.click("produce-reliable").await;
        }
    }

    /// Chooses or types the schema's subject.
    pub async fn subject(&self, subject: &str) {
        let is_select = self.page.element("produce-subject").await.tag_name().await.is_ok_and(|tag| tag == "select");
        if is_select {
            self.page.choose("produce-subject", subject).await;
        } else {
            self.page.fill("produce-subject", subject).await;
        }
    }

    /// Types the payload.
    pub async fn payload(&self, payload: &str) {
        self.page.fill("produce-payload", payload).await;
    }

    /// Sends with the keyboard, from within the payload.
    pub async fn send_with_keyboard(&self) {
        self.page.chord(Key::Control, Key::Enter.into()).await;
    }

    /// Waits until exactly this many violations are shown, and reads them.
    pub async fn violations(&self, count: usize) -> Vec<ViolationRow> {
        until::some(&format!("{count} violations"), async || {
            let rows = self.rows().await?;
            (rows.len() == count).then_some(rows)
        })
        .await
    }

    /// Waits for a result and answers topic, partition (if any) and offset as they are shown.
    ///
    /// # Panics
    /// None comes; an error that is shown instead is part of the message.
    pub async fn result(&self) -> (String, String, String) {
        let found = until::some("a result or an error", async || {
            match self.page.text("result-offset").await.filter(|text| !text.is_empty()) {
                Some(offset) => Some(Ok(offset)),
                None => self.page.text("result-error").await.filter(|text| !text.is_empty()).map(Err),
            }
        })
        .await;
        let offset = found.unwrap_or_else(|error| panic!("the message was not sent: {error}"));
        let topic = self.page.text("result-topic").await.unwrap_or_default();
        let partition = self.page.text("result-partition").await.unwrap_or_default();
        (topic, partition, offset)
    }

    /// None while the list is that of an older text, or is being redrawn.
    async fn rows(&self) -> Option<Vec<ViolationRow>> {
        let check = self.page.elements("check").await;
        let busy = check.first()?.attr("aria-busy").await.ok()??;
        if busy != "false" {
            return None;
        }
        let mut rows = Vec::new();
        for row in self.page.elements("violation").await {
            let read = async |id: &str| {
                let selector = format!("[data-testid=\"{id}\"]");
                row.find(Locator::Css(&selector)).await.ok()?.text().await.ok()
            };
            rows.push(ViolationRow {
                rule: read("violation-rule").await?,
                instance_path: read("violation-instance-path").await?,
                position: read("violation-position").await?,
                schema_path: read("violation-schema-path").await?,
                message: read("violation-message").await?,
            });
        }
        Some(rows)
    }
}
