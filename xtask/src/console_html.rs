//! Reads the one source of markup, `index.html`, and replaces what is meant for
//! Trunk (elements marked `data-trunk`) by the hashed files of our own build. Not an
//! HTML parser: it knows the elements this page uses and refuses any other.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

/// Where Trunk puts the worker's starting script; `index.html` tells the page so.
const WORKER_LOADER: &str = "/schema_worker_loader.js";

/// Names inside `dist/`.
pub struct Assets {
    /// The style sheet.
    pub style: String,
    /// The script that wasm-bindgen made for the page.
    pub page_js: String,
    /// The module of the page.
    pub page_wasm: String,
    /// The script that starts the page.
    pub page_boot: String,
    /// The script that starts the worker.
    pub worker_boot: String,
    /// Each plain file that `index.html` names, with its name in `dist/`.
    pub files: Vec<(String, String)>,
}

/// What one marked element stands for.
#[derive(Debug, PartialEq, Eq)]
enum Element {
    Style(String),
    Page,
    Worker,
    Icon(String),
    Script(String),
    Later(String),
}

enum Piece {
    Text(String),
    Marked(Element),
}

/// `index.html`, cut at its marked elements.
pub struct Markup(Vec<Piece>);

impl Markup {
    pub fn read(path: &Path) -> Result<Markup> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Markup::parse(&text).with_context(|| format!("cannot use {}", path.display()))
    }

    fn parse(text: &str) -> Result<Markup> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(mark) = rest.find(" data-trunk") {
            let start = rest[..mark].rfind('<').context("`data-trunk` outside an element")?;
            let length = rest[start..].find('>').context("an element without its end")? + 1;
            let tag = &rest[start..start + length];
            let mut end = start + length;
            if tag.starts_with("<script") {
                ensure!(rest[end..].starts_with("</script>"), "a marked script has no content of its own: {tag}");
                end += "</script>".len();
            }
            pieces.push(Piece::Text(rest[..start].to_owned()));
            pieces.push(Piece::Marked(element(tag)?));
            rest = &rest[end..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Markup(pieces))
    }

    fn marked(&self) -> impl Iterator<Item = &Element> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Marked(element) => Some(element),
            Piece::Text(_) => None,
        })
    }

    /// All style sheets in their order, as one.
    pub fn concatenate_styles(&self, root: &Path) -> Result<String> {
        let mut styles = String::new();
        for element in self.marked() {
            if let Element::Style(href) = element {
                let path = root.join(href);
                let style = fs::read_to_string(&path)
                    .with_context(|| format!("index.html names {}, which cannot be read", path.display()))?;
                styles.push_str(&style);
            }
        }
        Ok(styles)
    }

    /// Files that are shipped as they are: scripts and the icon.
    pub fn plain_files(&self) -> impl Iterator<Item = &str> {
        self.marked().filter_map(|element| match element {
            Element::Icon(href) | Element::Script(href) => Some(href.as_str()),
            Element::Style(_) | Element::Page | Element::Worker | Element::Later(_) => None,
        })
    }

    /// Files that the page fetches by itself when it needs them.
    pub fn later_files(&self) -> impl Iterator<Item = &str> {
        self.marked().filter_map(|element| match element {
            Element::Later(href) => Some(href.as_str()),
            Element::Icon(_) | Element::Script(_) | Element::Style(_) | Element::Page | Element::Worker => None,
        })
    }

    /// The page as it is served.
    pub fn render(&self, assets: &Assets) -> Result<String> {
        let mut html = String::new();
        let mut style_seen = false;
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => html.push_str(text),
                Piece::Marked(Element::Style(_)) if style_seen => {}
                Piece::Marked(Element::Style(_)) => {
                    style_seen = true;
                    html.push_str(&format!(r#"<link rel="stylesheet" href="/{}">"#, assets.style));
                }
                Piece::Marked(Element::Page) => html.push_str(&page_links(assets)),
                Piece::Marked(Element::Worker | Element::Later(_)) => {}
                Piece::Marked(Element::Icon(href)) => {
                    html.push_str(&format!(r#"<link rel="icon" href="/{}">"#, assets.file(href)?));
                }
                Piece::Marked(Element::Script(href)) => {
                    html.push_str(&format!(r#"<script src="/{}"></script>"#, assets.file(href)?));
                }
            }
        }
        ensure!(html.contains(WORKER_LOADER), "index.html does not say where the worker is: {WORKER_LOADER}");
        let mut html = html.replace(WORKER_LOADER, &format!("/{}", assets.worker_boot));
        for href in self.later_files() {
            // Trunk puts the file at the root under its own name, and the page says so.
            let at_root = format!("\"/{}\"", href.rsplit('/').next().unwrap_or(href));
            ensure!(html.contains(&at_root), "index.html does not say where {href} is: {at_root}");
            html = html.replace(&at_root, &format!("\"/{}\"", assets.file(href)?));
        }
        // Lines that held nothing but a replaced element are left empty.
        let lines: Vec<&str> = html.lines().filter(|line| !line.trim().is_empty()).collect();
        Ok(lines.join("\n") + "\n")
    }
}

impl Assets {
    fn file(&self, source: &str) -> Result<&str> {
        let found = self.files.iter().find(|(from, _)| from == source);
        found.map(|(_, name)| name.as_str()).with_context(|| format!("{source} was not written"))
    }
}

/// The browser starts fetching the module before the script that asks for it has run.
fn page_links(assets: &Assets) -> String {
    let Assets { page_js, page_wasm, page_boot, .. } = assets;
    format!(
        r#"<link rel="modulepreload" href="/{page_js}">
  <link rel="preload" href="/{page_wasm}" as="fetch" type="application/wasm" crossorigin>
  <script type="module" src="/{page_boot}"></script>"#
    )
}

fn element(tag: &str) -> Result<Element> {
    let need = |name| attribute(tag, name).with_context(|| format!("no {name} in {tag}"));
    if tag.starts_with("<script") {
        return Ok(Element::Script(need("src")?.to_owned()));
    }
    match (need("rel")?, attribute(tag, "data-type").unwrap_or("main")) {
        ("css", _) => Ok(Element::Style(need("href")?.to_owned())),
        ("copy-file", _) => Ok(Element::Later(need("href")?.to_owned())),
        ("icon", _) => Ok(Element::Icon(need("href")?.to_owned())),
        ("rust", "main") => Ok(Element::Page),
        ("rust", "worker") => Ok(Element::Worker),
        (rel, kind) => bail!("this build knows no rel=\"{rel}\" with data-type=\"{kind}\": {tag}"),
    }
}

fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let start = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    let length = tag[start..].find('"')?;
    Some(&tag[start..start + length])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets() -> Assets {
        Assets {
            style: "style-1.css".to_owned(),
            page_js: "console-2.js".to_owned(),
            page_wasm: "console_bg-3.wasm".to_owned(),
            page_boot: "boot-4.js".to_owned(),
            worker_boot: "worker-5.js".to_owned(),
            files: vec![("web/theme.js".to_owned(), "theme-6.js".to_owned())],
        }
    }

    #[test]
    fn marked_elements_are_replaced_and_the_rest_stays() {
        let markup = Markup::parse(
            r#"<head>
<script data-trunk src="web/theme.js"></script>
<link data-trunk rel="css" href="a.css">
<link data-trunk rel="css" href="b.css">
<link data-trunk rel="rust" href="web/Cargo.toml" data-bin="console" data-type="main">
<link data-trunk rel="rust" href="web/Cargo.toml" data-bin="schema_worker" data-type="worker">
<link id="schema-worker" href="/schema_worker_loader.js">
</head>"#,
        )
        .unwrap();
        let html = markup.render(&assets()).unwrap();
        assert_eq!(
            html,
            r#"<head>
<script src="/theme-6.js"></script>
<link rel="stylesheet" href="/style-1.css">
<link rel="modulepreload" href="/console-2.js">
  <link rel="preload" href="/console_bg-3.wasm" as="fetch" type="application/wasm" crossorigin>
  <script type="module" src="/boot-4.js"></script>
<link id="schema-worker" href="/worker-5.js">
</head>
"#
        );
    }

    #[test]
    fn an_element_this_build_does_not_know_is_refused_by_name() {
        let error = Markup::parse(r#"<link data-trunk rel="sass" href="a.scss">"#).err().unwrap();
        assert!(error.to_string().contains(r#"rel="sass""#), "{error}");
    }

    #[test]
    fn the_real_page_renders() {
        let root = Path::new("..");
        let markup = Markup::read(&root.join("index.html")).unwrap();
        assert!(!markup.concatenate_styles(root).unwrap().is_empty());
        let files = markup
            .plain_files()
            .chain(markup.later_files())
            .map(|file| (file.to_owned(), file.replace('/', "-")))
            .collect();
        let html = markup.render(&Assets { files, ..assets() }).unwrap();
        assert!(!html.contains("data-trunk"), "{html}");
        for name in [
            "style-1.css",
            "console-2.js",
            "console_bg-3.wasm",
            "boot-4.js",
            "worker-5.js",
            "\"/web-assets-code_editor.js\"",
        ] {
            assert!(html.contains(name), "{name} in {html}");
        }
    }
}
