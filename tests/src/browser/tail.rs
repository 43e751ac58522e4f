//! The tail page: topics, where to start, rows as they arrive.

use fantoccini::Locator;

use super::elements::Page;
use crate::until;

/// The page at `/tail`.
pub struct TailPage {
    page: Page,
}

impl TailPage {
    pub(super) fn new(page: Page) -> TailPage {
        TailPage { page }
    }

    /// The page itself.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Connects from this start (`latest`, `earliest`).
    pub async fn connect_from(&self, start: &str) {
        self.page.choose("tail-start", start).await;
        self.page.click("tail-connect").await;
    }

    /// Waits until a row shows this payload (spaces apart), and answers its offset.
    pub async fn offset_of(&self, payload: &str) -> String {
        until::some(&format!("a row with {payload}"), async || {
            for row in self.page.elements("tail-row").await {
                let read = async |id: &str| {
                    let selector = format!("[data-testid=\"{id}\"]");
                    row.find(Locator::Css(&selector)).await.ok()?.text().await.ok()
                };
                let shown = read("tail-row-payload").await.unwrap_or_default();
                if bare(&shown).contains(&bare(payload)) {
                    return read("tail-row-offset").await;
                }
            }
            None
        })
        .await
    }
}

fn bare(text: &str) -> String {
    text.split_whitespace().collect()
}
