//! Chromium and its driver. Found on PATH, installed from Debian's packages otherwise.

use std::path::PathBuf;

use anyhow::Context;

use super::debian;
use crate::process;

/// A browser and the program that drives it, of one version.
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// Its WebDriver server.
    pub chromedriver: PathBuf,
}

/// # Errors
/// Missing, and not to be installed from here.
pub fn ensure() -> anyhow::Result<Browser> {
    if let Some(browser) = find() {
        return Ok(browser);
    }
    debian::install("the browser for the tests", &["chromium", "chromium-driver"])?;
    find().context("Debian's packages chromium and chromium-driver are installed, but not on PATH")
}

fn find() -> Option<Browser> {
    Some(Browser {
        chromium: process::find_program(&["chromium", "chromium-browser", "google-chrome"])?,
        chromedriver: process::find_program(&["chromedriver"])?,
    })
}
