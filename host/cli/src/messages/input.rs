//! The arguments that say what the messages are. The verbs that send flatten them into their own.

use super::attributes::{self, Pairs};
use super::rows::{Place, Source};
use super::template::{templates, told};
use crate::failure::Failure;
use crate::hash::Fnv1a;
use anyhow::{Context, Result};
use irongate_messages::{Templates, Text};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The payloads.
#[derive(Debug, clap::Args)]
pub(crate) struct InputArgs {
    /// The message. Names in double braces are filled in, anything else is sent exactly as given. Repeatable. With
    /// --csv or --jsonl it is filled in for every row.
    #[arg(short, long, value_name = "TEXT", required_unless_present_any = ["file", "lines", "jsonl", "csv", "from"])]
    message: Vec<String>,

    /// Send the whole content of this file as one message; - is standard input. Repeatable.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["message", "lines", "jsonl", "csv", "from"])]
    file: Vec<PathBuf>,

    /// Send each line of this file that is not empty; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["message", "jsonl", "csv", "from"])]
    lines: Option<PathBuf>,

    /// Send each line of this file, which must be JSON, as it is; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "from"])]
    jsonl: Option<PathBuf>,

    /// Send each row of this file with a head as a JSON object; - is standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    csv: Option<PathBuf>,

    /// Leave every cell of --csv a text, also where it reads like a number, true or false.
    #[arg(long, requires = "csv")]
    csv_text: bool,

    /// Send the messages of this file, each with its own topic, schema, routing key and attributes where it has
    /// them: YAML with a list `messages`, or JSON Lines as `consume --json` prints them; - is standard input. Double
    /// braces are filled in where a message says `template: true`.
    #[arg(long, value_name = "FILE", conflicts_with = "message")]
    from: Option<PathBuf>,

    /// Fill in names in double braces in the content of -f as well.
    #[arg(long, requires = "file")]
    template: bool,
}

/// What goes with every payload, and how templates are filled in.
#[derive(Debug, clap::Args)]
pub(crate) struct TermsArgs {
    /// Attributes as key:value, several with commas between them; a comma inside a value is written \, or given in
    /// an attribute of its own. Repeatable.
    #[arg(short, long, value_name = "KEY:VALUE,...", value_parser = attributes::parse)]
    attributes: Vec<Pairs>,

    /// Decides the partition: messages with the same key stay in order.
    #[arg(short = 'k', long, alias = "key", value_name = "KEY")]
    routing_key: Option<String>,

    /// Makes random values and uuids the same in every run with this number.
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,

    /// Fill in nothing: send double braces as they are.
    #[arg(long)]
    literal: bool,
}

/// Both, with every template checked.
pub(crate) struct Input {
    pub(crate) source: Source,
    pub(crate) terms: Terms,
    /// The payloads that stand on the command line.
    pub(crate) texts: Vec<Text>,
}

/// What goes with every payload.
pub(crate) struct Terms {
    pub(crate) templates: Templates,
    pub(crate) attributes: Vec<(String, Text)>,
    pub(crate) routing_key: Option<Text>,
    pub(crate) seed: u64,
    is_literal: bool,
}

impl TermsArgs {
    /// `seed` is used where none was given.
    ///
    /// # Errors
    /// A template is none.
    pub(crate) fn terms(&self, seed: Option<u64>) -> Result<Terms> {
        let seed = self.seed.or(seed).unwrap_or_else(|| fastrand::u64(..));
        let templates = templates(seed);
        let mut terms = Terms { templates, attributes: Vec::new(), routing_key: None, seed, is_literal: self.literal };
        for (name, value) in self.attributes.iter().flatten() {
            let value = terms.text(value)?;
            terms.attributes.push((name.clone(), value));
        }
        terms.routing_key = self.routing_key.as_deref().map(|key| terms.text(key)).transpose()?;
        Ok(terms)
    }

    /// What tells these terms from others, for resuming.
    pub(crate) fn identity(&self) -> Vec<String> {
        let mut identity: Vec<String> =
            self.attributes.iter().flatten().map(|(name, value)| format!("{name}:{value}")).collect();
        identity.extend(self.routing_key.clone());
        identity.push(self.literal.to_string());
        identity
    }

    /// Whether the arguments themselves decide the random values.
    pub(crate) fn has_seed(&self) -> bool {
        self.seed.is_some()
    }
}

impl Terms {
    /// Whether double braces travel as they are.
    pub(crate) fn is_literal(&self) -> bool {
        self.is_literal
    }

    /// A text of the command line.
    ///
    /// # Errors
    /// It is a template that cannot be understood.
    pub(crate) fn text(&mut self, text: &str) -> Result<Text> {
        if self.is_literal {
            return Ok(Text::Literal(text.to_owned()));
        }
        self.templates.text(text).map_err(|error| Failure::Usage(told(error).to_string()).into())
    }
}

/// A file by its name and its content.
pub(crate) fn fingerprinted(path: &Path) -> String {
    format!("{} {:016x}", path.display(), fingerprint(path).unwrap_or_default())
}

/// The hash of a file's content; standard input, which can be read only once, has none.
fn fingerprint(path: &Path) -> std::io::Result<u64> {
    if path.as_os_str() == "-" {
        return Ok(0);
    }
    let mut reader = BufReader::new(File::open(path)?);
    let mut hash = Fnv1a::default();
    loop {
        let read = reader.fill_buf()?;
        if read.is_empty() {
            return Ok(hash.finish());
        }
        hash.add(read);
        let length = read.len();
        reader.consume(length);
    }
}

impl InputArgs {
    /// The input that these arguments mean, with nothing read yet but the files that are templates.
    pub(crate) fn input(&self, mut terms: Terms) -> Result<Input> {
        let place = |path: &PathBuf| Place::from(path.clone());
        let mut texts = self.message.clone();
        let source = if let Some(path) = &self.lines {
            Source::Lines(place(path))
        } else if let Some(path) = &self.jsonl {
            Source::JsonLines(place(path))
        } else if let Some(path) = &self.csv {
            Source::Csv { place: place(path), as_text: self.csv_text }
        } else if let Some(path) = &self.from {
            Source::Records(place(path))
        } else if self.template {
            for path in &self.file {
                let content = place(path).read()?;
                texts.push(String::from_utf8(content).with_context(|| format!("{} is not UTF-8", path.display()))?);
            }
            Source::Texts(texts.len())
        } else if self.file.is_empty() {
            Source::Texts(texts.len())
        } else {
            Source::Files(self.file.iter().map(place).collect())
        };
        if !matches!(source, Source::Texts(_)) && texts.len() > 1 {
            let text = "one -m is filled in for every row; give the others in a run of their own";
            return Err(Failure::Usage(text.to_owned()).into());
        }
        let texts = texts.iter().map(|text| terms.text(text)).collect::<Result<_>>()?;
        Ok(Input { source, terms, texts })
    }

    /// What tells this input from another, for resuming.
    pub(crate) fn identity(&self) -> Vec<String> {
        let paths = self.file.iter().chain(&self.lines).chain(&self.jsonl).chain(&self.csv).chain(&self.from);
        // A file that was edited has other messages. What cannot be read is told when it is to be sent.
        let files = paths.map(|path| fingerprinted(path));
        self.message.iter().cloned().chain(files).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_that_keeps_the_length_makes_another_input() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lines");
        std::fs::write(&path, "one\ntwo\n").expect("written");
        let first = fingerprint(&path).expect("readable");
        std::fs::write(&path, "one\nten\n").expect("written");
        assert_ne!(fingerprint(&path).expect("readable"), first);
        std::fs::write(&path, "one\ntwo\n").expect("written");
        assert_eq!(fingerprint(&path).expect("readable"), first);
        assert_eq!(fingerprint(Path::new("-")).expect("nothing is read"), 0);
    }
}
