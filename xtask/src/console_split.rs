//! Cuts a program's module in two: what it needs to start, and what is fetched when it is first asked for, and runs
//! wasm-bindgen over the part that starts. The cut runs where `web` marks a function with
//! `wasm_split`; which code belongs to which side follows from what the linker recorded. Writes nothing
//! into `dist/`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};

use crate::console::Profile;

/// What a program's script imports the loader of the further parts from, before both have their names.
const LINK_NAME: &str = "./parts.js";

/// A program, cut and bound.
pub struct Program {
    /// The module that starts.
    pub wasm: Vec<u8>,
    /// Its scripts.
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
    /// Loads the module that starts.
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
    ensure!(script.contains(from), "a script does not say {from}, where its name would be filled in");
    Ok(script.replace(from, to))
}

/// Cuts a module where it is marked, and runs wasm-bindgen over the part that starts.
pub fn bind(module: &Path, name: &str, profile: Profile) -> Result<Program> {
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
    let bound = bindgen(&main, name, profile)?;
    let main = String::from_utf8(bound.js).context("wasm-bindgen wrote a script that is not UTF-8")?;
    Ok(Program { wasm: bound.wasm, scripts: Scripts { main, link }, parts })
}

/// The output of wasm-bindgen for one program.
struct Bound {
    js: Vec<u8>,
    wasm: Vec<u8>,
}

/// Runs wasm-bindgen over a module that others are linked to later.
fn bindgen(module: &Path, name: &str, profile: Profile) -> Result<Bound> {
    let folder = module.with_extension("bound");
    // A snippet left from an older build would be shipped without anyone asking for it.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    wasm_bindgen_cli_support::Bindgen::new()
        .input_path(module)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .keep_lld_exports(true)
        .remove_name_section(profile == Profile::Release)
        .remove_producers_section(profile == Profile::Release)
        .out_name(name)
        .generate(&folder)
        .with_context(|| format!("wasm-bindgen failed on {}", module.display()))?;
    if folder.join("snippets").exists() {
        bail!("{name} brings JavaScript snippets, which this build does not ship: {}", folder.display());
    }
    let read = |file: String| {
        let path = folder.join(file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    Ok(Bound { js: read(format!("{name}.js"))?, wasm: read(format!("{name}_bg.wasm"))? })
}
