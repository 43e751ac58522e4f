//! Builds the browser console into `dist/`: the page and the schema worker, their
//! scripts, one style sheet, `index.html`, and a `.br` beside each of them. Does
//! for this page what Trunk does, with wasm-bindgen as a library, so that building
//! the console needs no tool besides cargo. Not a bundler: it serves nothing and
//! watches nothing.
//!
//! File names carry a hash of their content, so that the host may let browsers keep
//! them for ever; only `index.html` has a fixed name.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

use crate::console_html::{Assets, Markup};
use crate::console_split::{self, Scripts};

/// What the page may weigh on the wire: its wasm, scripts, style sheet, icon and
/// `index.html`, each compressed with brotli, together. The worker is not part of
/// it, because it is fetched after the first paint.
pub const PAGE_BROTLI_BYTES_MAX: usize = 250_000;

/// What the module of the further pages may weigh on the wire, brotli. It is fetched when one
/// of them is first opened.
pub const PAGES_BROTLI_BYTES_MAX: usize = 265_000;

/// What the module of the operating pages (pipelines, transforms, dead letters) may weigh on the wire, brotli. It is
/// fetched when one of them is first opened.
pub const OPERATIONS_BROTLI_BYTES_MAX: usize = 180_000;

/// What the module that makes samples and forms may weigh on the wire, brotli. The worker fetches it for the first of them.
pub const SAMPLES_BROTLI_BYTES_MAX: usize = 100_000;

/// What the module that fills templates in may weigh on the wire, brotli. The worker fetches it for the first of them.
pub const TEMPLATES_BROTLI_BYTES_MAX: usize = 215_000;

/// What the module that reads and writes files of messages may weigh on the wire, brotli. The worker fetches it for the first of them.
pub const FILES_BROTLI_BYTES_MAX: usize = 205_000;

/// What the schema worker may weigh on the wire: its wasm and scripts, brotli.
pub const WORKER_BROTLI_BYTES_MAX: usize = 900_000;

/// What the code editor may weigh on the wire, brotli. The page fetches it beside the first code field that it shows.
pub const EDITOR_BROTLI_BYTES_MAX: usize = 150_000;

/// The names of the two programs of `web/`, as in its `Cargo.toml`.
const PAGE: &str = "console";
const WORKER: &str = "schema_worker";

/// How much care the build takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// Quick and with names for stack traces; neither compressed nor weighed.
    Dev,
    /// Small: whole-program optimisation, brotli at its best, budgets enforced.
    Release,
}

/// Bytes as they are, and as they travel. `brotli_bytes` is zero in a dev build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// Uncompressed size.
    pub raw_bytes: usize,
    /// Compressed size.
    pub brotli_bytes: usize,
}

impl Weight {
    fn add(&mut self, other: Weight) {
        self.raw_bytes += other.raw_bytes;
        self.brotli_bytes += other.brotli_bytes;
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8.1} kB raw", self.raw_bytes as f64 / 1000.0)?;
        if self.brotli_bytes > 0 {
            write!(f, " {:>8.1} kB brotli", self.brotli_bytes as f64 / 1000.0)?;
        }
        Ok(())
    }
}

/// What the build weighed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sizes {
    /// The wasm module of the page.
    pub page_wasm: Weight,
    /// All that the first paint needs; see [`PAGE_BROTLI_BYTES_MAX`].
    pub page_total: Weight,
    /// The module of the further pages; see [`PAGES_BROTLI_BYTES_MAX`].
    pub pages_wasm: Weight,
    /// The module of the operating pages; see [`OPERATIONS_BROTLI_BYTES_MAX`].
    pub operations_wasm: Weight,
    /// What makes samples; see [`SAMPLES_BROTLI_BYTES_MAX`].
    pub samples_wasm: Weight,
    /// What fills templates in; see [`TEMPLATES_BROTLI_BYTES_MAX`].
    pub templates_wasm: Weight,
    /// What knows files of messages; see [`FILES_BROTLI_BYTES_MAX`].
    pub files_wasm: Weight,
    /// The wasm module of the schema worker.
    pub worker_wasm: Weight,
    /// The worker with its scripts; see [`WORKER_BROTLI_BYTES_MAX`].
    pub worker_total: Weight,
    /// The code editor; see [`EDITOR_BROTLI_BYTES_MAX`].
    pub editor: Weight,
}

/// Builds the console into `dist/` at the repository root and prints its sizes.
///
/// # Errors
/// Fails where cargo or wasm-bindgen fails, where `index.html` names a file that
/// does not exist, and, in a release build, where a budget is exceeded.
pub fn build(root: &Path, profile: Profile) -> Result<Sizes> {
    let programs = compile(root, profile)?;
    let mut dist = Dist::open(root.join("dist"), profile)?;
    let mut sizes = Sizes::default();

    let worker = dist.write_program(module_named(&programs, WORKER)?, WORKER)?;
    sizes.worker_wasm = worker.wasm;
    sizes.samples_wasm = worker.part("samples");
    sizes.templates_wasm = worker.part("templates");
    sizes.files_wasm = worker.part("files");
    sizes.worker_total.add(worker.wasm);
    sizes.worker_total.add(worker.scripts);
    let loader = boot(&worker.js_name, &worker.wasm_name);
    let (worker_boot, weight) = dist.write("schema_worker_loader", "js", loader.as_bytes())?;
    sizes.worker_total.add(weight);

    let page = dist.write_program(module_named(&programs, PAGE)?, PAGE)?;
    sizes.page_wasm = page.wasm;
    sizes.pages_wasm = page.part("pages");
    sizes.operations_wasm = page.part("operations");
    sizes.page_total.add(page.wasm);
    sizes.page_total.add(page.scripts);
    let (page_js, page_wasm) = (page.js_name, page.wasm_name);
    let (page_boot, weight) = dist.write("boot", "js", boot(&page_js, &page_wasm).as_bytes())?;
    sizes.page_total.add(weight);

    let markup = Markup::read(&root.join("index.html"))?;
    let (style, weight) = dist.write("style", "css", markup.concatenate_styles(root)?.as_bytes())?;
    sizes.page_total.add(weight);
    let mut files = Vec::new();
    for source in markup.plain_files() {
        let (name, weight) = dist.write_file(&root.join(source))?;
        sizes.page_total.add(weight);
        files.push((source.to_owned(), name));
    }
    for source in markup.later_files() {
        let (name, weight) = dist.write_file(&root.join(source))?;
        sizes.editor.add(weight);
        files.push((source.to_owned(), name));
    }
    let html = markup.render(&Assets { style, page_js, page_wasm, page_boot, worker_boot, files })?;
    sizes.page_total.add(dist.write_named("index.html", html.as_bytes())?);
    dist.remove_stale()?;
    report(&sizes, profile)?;
    Ok(sizes)
}

fn report(sizes: &Sizes, profile: Profile) -> Result<()> {
    println!("console  page   wasm   {}", sizes.page_wasm);
    println!("console  page   total  {}  (wasm, scripts, style, icon, html)", sizes.page_total);
    println!("console  pages  wasm   {}  (fetched with the first page beyond Produce)", sizes.pages_wasm);
    println!("console  operating    {}  (fetched with Pipelines, Transforms or Dead letters)", sizes.operations_wasm);
    println!("console  worker wasm   {}", sizes.worker_wasm);
    println!("console  worker total  {}  (wasm, scripts)", sizes.worker_total);
    println!("console  worker samples{}  (fetched for the first sample)", sizes.samples_wasm);
    println!("console  worker fill   {}  (fetched for the first template)", sizes.templates_wasm);
    println!("console  worker files  {}  (fetched for the first file of messages)", sizes.files_wasm);
    println!("console  editor       {}  (fetched with the first code field)", sizes.editor);
    if profile == Profile::Dev {
        return Ok(());
    }
    within("code editor", sizes.editor, EDITOR_BROTLI_BYTES_MAX)?;
    within("page", sizes.page_total, PAGE_BROTLI_BYTES_MAX)?;
    within("module of the further pages", sizes.pages_wasm, PAGES_BROTLI_BYTES_MAX)?;
    within("module of the operating pages", sizes.operations_wasm, OPERATIONS_BROTLI_BYTES_MAX)?;
    within("module that makes samples", sizes.samples_wasm, SAMPLES_BROTLI_BYTES_MAX)?;
    within("module that fills templates in", sizes.templates_wasm, TEMPLATES_BROTLI_BYTES_MAX)?;
    within("module that knows files of messages", sizes.files_wasm, FILES_BROTLI_BYTES_MAX)?;
    within("schema worker", sizes.worker_total, WORKER_BROTLI_BYTES_MAX)
}

fn within(what: &str, weight: Weight, bytes_max: usize) -> Result<()> {
    ensure!(
        weight.brotli_bytes <= bytes_max,
        "the {what} weighs {} bytes with brotli, {} more than its budget of {bytes_max} bytes",
        weight.brotli_bytes,
        weight.brotli_bytes - bytes_max,
    );
    Ok(())
}

/// Compiles both programs in one go and answers the paths of their modules.
fn compile(root: &Path, profile: Profile) -> Result<Vec<PathBuf>> {
    let cargo_profile = match profile {
        Profile::Dev => "dev",
        Profile::Release => "web",
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(root)
        .args([
            "build",
            "--package",
            "irongate-web",
            "--bins",
            "--features",
            "split",
            "--target",
            "wasm32-unknown-unknown",
        ])
        .args(["--profile", cargo_profile, "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    ensure!(output.status.success(), "building the console for wasm32-unknown-unknown failed");
    let mut modules = Vec::new();
    for line in output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let message: serde_json::Value =
            serde_json::from_slice(line).context("cargo printed a line that is not JSON")?;
        let names = message["filenames"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
        modules.extend(names.filter(|name| name.ends_with(".wasm")).map(PathBuf::from));
    }
    Ok(modules)
}

fn module_named<'a>(modules: &'a [PathBuf], name: &str) -> Result<&'a Path> {
    let found = modules.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name));
    found.map(PathBuf::as_path).with_context(|| format!("cargo built no module named {name}.wasm"))
}

/// The script that starts a module. A file of its own, so that a content security
/// policy need not allow inline scripts.
fn boot(js: &str, wasm: &str) -> String {
    format!("import init from './{js}';\nawait init({{ module_or_path: new URL('./{wasm}', import.meta.url) }});\n")
}

/// A program in `dist/`.
struct Written {
    js_name: String,
    wasm_name: String,
    wasm: Weight,
    scripts: Weight,
    /// What is fetched later, by name.
    parts: Vec<(String, Weight)>,
}

impl Written {
    /// What is fetched with a part: itself, and what several parts share.
    fn part(&self, name: &str) -> Weight {
        let own = format!("split_{name}");
        let mut weight = Weight::default();
        for (stem, part) in &self.parts {
            if *stem == own || !stem.starts_with("split_") {
                weight.add(*part);
            }
        }
        weight
    }
}

/// The folder being written.
struct Dist {
    folder: PathBuf,
    profile: Profile,
    written: BTreeSet<String>,
}

impl Dist {
    fn open(folder: PathBuf, profile: Profile) -> Result<Dist> {
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Dist { folder, profile, written: BTreeSet::new() })
    }

    /// Binds a program, cut where it is marked, and writes all of it.
    fn write_program(&mut self, module: &Path, name: &str) -> Result<Written> {
        let program = console_split::bind(module, name, self.profile)?;
        let (wasm_name, wasm) = self.write(&format!("{name}_bg"), "wasm", &program.wasm)?;
        let (mut scripts, mut parts) = (program.scripts, Vec::new());
        for part in &program.parts {
            let (part_name, weight) = self.write(&part.stem, "wasm", &part.wasm)?;
            scripts.name_part(&part.stem, &part_name)?;
            parts.push((part.stem.clone(), weight));
        }
        let (js_name, scripts) = self.write_scripts(name, scripts)?;
        Ok(Written { js_name, wasm_name, wasm, scripts, parts })
    }

    /// Writes a program's two scripts, which name each other: both names carry the hash of both.
    fn write_scripts(&mut self, name: &str, scripts: Scripts) -> Result<(String, Weight)> {
        let hash = short_hash(&[&scripts.main, &scripts.link].map(|script| script.as_bytes()));
        let (main_name, link_name) = (format!("{name}-{hash}.js"), format!("{name}_parts-{hash}.js"));
        let (main, link) = scripts.named(&main_name, &link_name)?;
        let mut weight = self.write_named(&main_name, main.as_bytes())?;
        weight.add(self.write_named(&link_name, link.as_bytes())?);
        Ok((main_name, weight))
    }

    fn write_file(&mut self, path: &Path) -> Result<(String, Weight)> {
        let content =
            fs::read(path).with_context(|| format!("index.html names {}, which cannot be read", path.display()))?;
        let stem = path.file_stem().and_then(|stem| stem.to_str()).context("a file name that is not UTF-8")?;
        let extension =
            path.extension().and_then(|extension| extension.to_str()).context("a file without extension")?;
        self.write(stem, extension, &content)
    }

    /// Writes `stem-<hash>.extension` and answers that name.
    fn write(&mut self, stem: &str, extension: &str, content: &[u8]) -> Result<(String, Weight)> {
        let name = format!("{stem}-{}.{extension}", short_hash(&[content]));
        let weight = self.write_named(&name, content)?;
        Ok((name, weight))
    }

    fn write_named(&mut self, name: &str, content: &[u8]) -> Result<Weight> {
        let path = self.folder.join(name);
        // Compressing takes seconds. A name with a hash stands for one content only, so its
        // compressed twin is still right if it is there.
        let named_by_content = name != "index.html";
        if !(named_by_content && path.exists()) {
            replace(&path, content)?;
        }
        self.written.insert(name.to_owned());
        let mut weight = Weight { raw_bytes: content.len(), brotli_bytes: 0 };
        if self.profile == Profile::Release {
            let twin_name = format!("{name}.br");
            let twin = self.folder.join(&twin_name);
            if !(named_by_content && twin.exists()) {
                replace(&twin, &compress(content)?)?;
            }
            self.written.insert(twin_name);
            let twin_bytes = fs::metadata(&twin).with_context(|| format!("cannot read {}", twin.display()))?.len();
            weight.brotli_bytes = usize::try_from(twin_bytes).context("a compressed file beyond the address space")?;
        }
        Ok(weight)
    }

    /// Deletes what earlier builds left: the host would embed it.
    fn remove_stale(&self) -> Result<()> {
        for entry in fs::read_dir(&self.folder).with_context(|| format!("cannot list {}", self.folder.display()))? {
            let entry = entry?;
            let kept = entry.file_name().to_str().is_some_and(|name| self.written.contains(name));
            if !kept && entry.file_type()?.is_file() {
                fs::remove_file(entry.path()).with_context(|| format!("cannot delete {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

/// What a file name carries of its content.
fn short_hash(contents: &[&[u8]]) -> String {
    let mut hasher = Sha256::new();
    for content in contents {
        hasher.update(content);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Writes beside and renames, so that a build that was interrupted leaves no half file
/// under a name that promises its content.
fn replace(path: &Path, content: &[u8]) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    fs::write(&beside, content).with_context(|| format!("cannot write {}", beside.display()))?;
    fs::rename(&beside, path).with_context(|| format!("cannot write {}", path.display()))
}

fn compress(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let quality = 11;
    let window_bits = 24;
    let mut writer = brotli::CompressorWriter::new(&mut compressed, 64 * 1024, quality, window_bits);
    writer.write_all(content).context("brotli failed")?;
    drop(writer);
    Ok(compressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_build_writes_a_compressed_twin_and_removes_what_is_stale() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("console-0000.js"), "old").unwrap();
        let mut dist = Dist::open(folder.path().to_owned(), Profile::Release).unwrap();
        let text = "console ".repeat(1000);
        let (name, weight) = dist.write("style", "css", text.as_bytes()).unwrap();
        dist.remove_stale().unwrap();
        assert_eq!(weight.raw_bytes, 8000);
        assert!(weight.brotli_bytes < 100);
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut left: Vec<String> = names.collect();
        left.sort();
        assert_eq!(left, [name.clone(), format!("{name}.br")]);
        let mut back = Vec::new();
        let twin = fs::read(folder.path().join(format!("{name}.br"))).unwrap();
        brotli::BrotliDecompress(&mut twin.as_slice(), &mut back).unwrap();
        assert_eq!(back, text.as_bytes());
    }

    #[test]
    fn a_changed_file_gets_another_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut dist = Dist::open(folder.path().to_owned(), Profile::Dev).unwrap();
        let (one, weight) = dist.write("style", "css", b"a").unwrap();
        let (two, _) = dist.write("style", "css", b"b").unwrap();
        assert_ne!(one, two);
        assert_eq!(weight.brotli_bytes, 0);
    }

    #[test]
    fn a_budget_is_a_limit_and_says_by_how_much_it_is_exceeded() {
        let weight = Weight { raw_bytes: 2000, brotli_bytes: 1001 };
        within("page", weight, 1001).unwrap();
        let error = within("page", weight, 1000).unwrap_err().to_string();
        assert_eq!(error, "the page weighs 1001 bytes with brotli, 1 more than its budget of 1000 bytes");
    }
}
