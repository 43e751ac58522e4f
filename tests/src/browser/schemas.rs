//! The panel that registers a schema, wherever the page shows it.

use super::elements::Page;
use crate::until;

/// The panel behind the button `schema-new`.
pub struct SchemasPanel {
    page: Page,
}

impl SchemasPanel {
    /// Opens it.
    pub async fn open(page: &Page) -> SchemasPanel {
        page.click("schema-new").await;
        SchemasPanel { page: page.clone() }
    }

    /// Registers a JSON Schema and answers what the panel says then.
    pub async fn register_json(&self, subject: &str, schema: &str) -> String {
        self.page.fill("schema-subject", subject).await;
        self.page.choose("schema-type", "json_schema").await;
        self.page.fill("schema-definition", schema).await;
        until::some("the definition to compile", async || {
            self.page.element("schema-register").await.is_enabled().await.ok().filter(|is_enabled| *is_enabled)
        })
        .await;
        self.page.click("schema-register").await;
        self.page.text_where("schema-register-result", |text| !text.is_empty() && !text.ends_with('…')).await
    }

    /// Closes it, and waits until the page behind it can be used again.
    pub async fn close(self) {
        self.page.click("schema-panel-close").await;
        until::some("the panel to be gone", async || {
            self.page.elements("schema-subject").await.is_empty().then_some(())
        })
        .await;
    }
}
