//! Cuts the page's module in two: what the first paint needs, and the further pages, which the
//! browser fetches when one of them is opened. The cut runs where `web` marks a function with
//! `wasm_split`; which code belongs to which side follows from what the linker recorded. Writes nothing
//! into `dist/`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, ensure};

use crate::console::{Profile, bind as bind_module};

/// What the page's script imports the loader of the further parts from, before both have their names.
const LINK_NAME: &str = "./page_parts.js";

/// The page, cut and bound.
pub struct Page {
    /// The module that the first paint needs.
    pub wasm: Vec<u8>,
    /// The scripts of the page.
    pub scripts: Scripts,
    /// The modules that are fetched later.
    pub parts: Vec<Part>,
}

/// A module that is fetched later.
pub struct Part {
    /// Its name without hash and extension.
    pub stem: String,
    /// Its content.
    pub wasm: Vec<u8>,
}

/// Two scripts that import each other.
pub struct Scripts {
    /// Loads the page's module.
    pub main: String,
    /// Loads the parts.
    pub link: String,
}

impl Scripts {
    /// Tells the loader what a part is called in the end.
    pub fn name_part(&mut self, stem: &str, name: &str) -> Result<()> {
        self.link = renamed(&self.link, &format!("\"./{stem}.wasm\""), &format!("\"./{name}\""))?;
        Ok(())
    }

    /// Both scripts under the names they are served with.
    pub fn named(&self, main_name: &str, link_name: &str) -> Result<(String, String)> {
        let main = renamed(&self.main, &format!("from \"{LINK_NAME}\""), &format!("from \"./{link_name}\""))?;
        let link = renamed(&self.link, "from \"./main.js\"", &format!("from \"./{main_name}\""))?;
        Ok((main, link))
    }
}

fn renamed(script: &str, from: &str, to: &str) -> Result<String> {
    ensure!(script.contains(from), "a script of the page does not say {from}, where its name would be filled in");
    Ok(script.replace(from, to))
}

/// Cuts a module where it is marked, and runs wasm-bindgen over the part that starts.
pub fn bind(module: &Path, name: &str, profile: Profile) -> Result<Page> {
    let folder = module.with_extension("split");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let whole = fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    let main = folder.join(format!("{name}.wasm"));
    let mut options = wasm_split_cli_support::Options::new(&whole);
    options.output_dir = &folder;
    options.main_out_path = &main;
    options.link_name = LINK_NAME;
    let cut = wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("cutting {} failed: {error:#}", module.display()))?;
    let mut parts = Vec::new();
    for path in cut.split_modules {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).context("a part without a name")?.to_owned();
        let wasm = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        parts.push(Part { stem, wasm });
    }
    let link_path = folder.join(LINK_NAME);
    let link = fs::read_to_string(&link_path).with_context(|| format!("cannot read {}", link_path.display()))?;
    let bound = bind_module(&main, name, profile, true)?;
    let main = String::from_utf8(bound.js).context("wasm-bindgen wrote a script that is not UTF-8")?;
    Ok(Page { wasm: bound.wasm, scripts: Scripts { main, link }, parts })
}
