//! Chromium and its driver, one of each to a test, on a free port and a fresh profile.

use std::{fs, path::PathBuf, process::Stdio};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{elements::Page, produce::ProducePage, tail::TailPage};
use crate::{surroundings, until};

/// A browser window. Dropping it ends browser and driver.
pub struct Browser {
    client: Client,
    driver: Child,
    _profile: TempDir,
}

/// The colours a screenshot is taken in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Look {
    /// `prefers-color-scheme: light`.
    Light,
    /// `prefers-color-scheme: dark`.
    Dark,
}

impl Browser {
    /// Opens a window.
    pub async fn open() -> Browser {
        let profile = tempfile::tempdir().expect("a temporary directory can be made");
        let mut driver = Command::new(surroundings::chromedriver())
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver can be started: cargo xtask test installs it");
        let url = until::done("chromedriver's port", driver_url(&mut driver)).await;
        let capabilities = json!({
            "goog:chromeOptions": {"binary": surroundings::chromium(), "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--lang=en",
                format!("--user-data-dir={}", profile.path().display()),
            ]},
            "goog:loggingPrefs": {"browser": "ALL"},
        });
        let capabilities = capabilities.as_object().expect("written as an object above").clone();
        let connecting =
            async { ClientBuilder::new(HttpConnector::new()).capabilities(capabilities).connect(&url).await };
        let client = until::done("a browser window", connecting).await.expect("chromedriver opens a window");
        let browser = Browser { client, driver, _profile: profile };
        browser.resize(1280, 900).await;
        browser
    }

    /// Whatever page is shown.
    pub fn page(&self) -> Page {
        Page::new(self.client.clone())
    }

    /// The produce page of a host, with this query (`?topic=...`, or nothing).
    pub async fn produce(&self, url: &str, query: &str) -> ProducePage {
        self.goto(&format!("{url}/produce{query}")).await;
        ProducePage::new(self.page())
    }

    /// The tail page of a host, with this query.
    pub async fn tail(&self, url: &str, query: &str) -> TailPage {
        self.goto(&format!("{url}/tail{query}")).await;
        TailPage::new(self.page())
    }

    /// Opens an address as if it were typed.
    pub async fn goto(&self, url: &str) {
        until::done(url, self.client.goto(url)).await.expect("the browser opens a page of the host");
    }

    /// Makes the window as wide and high as a screen of that many CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) {
        // Narrower than a desktop window may be: what a phone shows.
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// What the system prefers, as the page sees it.
    pub async fn prefer(&self, look: Look) {
        let value = if look == Look::Dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// Refuses what these patterns of addresses match, as a network does that is gone; none: refuses nothing.
    pub async fn refuse(&self, patterns: &[&str]) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setCacheDisabled", json!({"cacheDisabled": !patterns.is_empty()})).await;
        self.devtools("Network.setBlockedURLs", json!({"urls": patterns})).await;
    }

    /// Saves what is seen, in both widths and both looks, as `NAME-WIDTH-LOOK.png`.
    pub async fn save_screenshots(&self, name: &str) -> Vec<PathBuf> {
        let folder = surroundings::screenshots();
        fs::create_dir_all(&folder).expect("the folder for screenshots can be made");
        let mut saved = Vec::new();
        for (width, height) in [(1280, 900), (390, 844)] {
            self.resize(width, height).await;
            for look in [Look::Light, Look::Dark] {
                self.prefer(look).await;
                self.come_to_rest().await;
                let picture = self.client.screenshot().await.expect("a window can be photographed");
                let path = folder.join(format!("{name}-{width}-{}.png", format!("{look:?}").to_lowercase()));
                fs::write(&path, picture).expect("a screenshot can be saved");
                saved.push(path);
            }
        }
        self.resize(1280, 900).await;
        self.prefer(Look::Light).await;
        saved
    }

    /// Waits until nothing moves: colours fade over when the look changes.
    pub async fn come_to_rest(&self) {
        let moving = "return document.getAnimations().filter(each => each.playState === 'running').length";
        until::some("the page to come to rest", async || (self.page().script(moving).await == 0).then_some(())).await;
    }

    /// Closes window and driver; a test that does not get here leaves that to `Drop`.
    pub async fn close(mut self) {
        let _ = self.client.clone().close().await;
        let _ = self.driver.kill().await;
    }

    /// One of Chromium's own commands, and what it answers.
    pub async fn devtools(&self, command: &str, parameters: serde_json::Value) -> serde_json::Value {
        let call = DevTools { command: command.to_owned(), parameters };
        self.client.issue_cmd(call).await.expect("chromedriver passes DevTools commands on")
    }
}

/// Chromium's own commands, which WebDriver has no words for.
#[derive(Clone, Debug)]
struct DevTools {
    command: String,
    parameters: serde_json::Value,
}

impl fantoccini::wd::WebDriverCompatibleCommand for DevTools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(json!({"cmd": self.command, "params": self.parameters}).to_string()))
    }
}

async fn driver_url(driver: &mut Child) -> String {
    let mut lines = BufReader::new(driver.stdout.take().expect("the output is captured")).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some((_, port)) = line.split_once("successfully on port ") {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
        }
    }
    panic!("chromedriver ended before it told its port");
}
