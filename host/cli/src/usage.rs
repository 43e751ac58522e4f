//! What is wrong with a command line, in one sentence. What the parser prints takes up to nine lines, most of which repeat the
//! help. Decides nothing: what is wrong is the parser's word.

use crate::output::harmless;
use clap::Error;
use clap::error::ErrorKind;

/// The sentence; none where help or version was asked for, which is no mistake.
pub(crate) fn sentence(error: &Error) -> Option<String> {
    let is_mistake = error.use_stderr() && error.kind() != ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    is_mistake.then(|| harmless(&in_one_line(&error.render().to_string())))
}

/// The paragraphs of a rendered error but for those that only point at the help; the command whose usage it shows is where
/// the help is.
fn in_one_line(rendered: &str) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut help = None;
    for paragraph in rendered.split("\n\n") {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        match words[..] {
            [] | ["For", "more", "information,", ..] => {}
            ["Usage:", ref usage @ ..] => {
                let command = usage.iter().take_while(|word| !word.starts_with(['-', '[', '<']));
                help = Some(command.copied().collect::<Vec<_>>().join(" "));
            }
            _ => told.push(words.join(" ")),
        }
    }
    let told = told.join("; ");
    help.map_or_else(|| told.clone(), |command| format!("{told}; see {command} --help"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    fn refused(line: &str) -> Option<String> {
        sentence(&Cli::try_parse_from(line.split(' ')).expect_err("refused"))
    }

    #[test]
    fn a_mistake_is_one_sentence() {
        for (line, expected) in [
            ("irongate produce --bogus", "error: unexpected argument '--bogus' found; see irongate produce --help"),
            (
                "irongate schema get",
                "error: the following required arguments were not provided: <SUBJECT>; see irongate schema get --help",
            ),
            (
                "irongate produce -m x --schema-type x --schema-file y",
                "error: invalid value 'x' for '--schema-type <TYPE>': unknown schema type 'x'; use json_schema, avro, \
                 protobuf, string, number or bytes",
            ),
            (
                "irongate consume --ack nak",
                "error: invalid value 'nak' for '--ack <ACK>' [possible values: printed, never, nack]; \
                 tip: a similar value exists: 'nack'",
            ),
        ] {
            assert_eq!(refused(line).as_deref(), Some(expected));
        }
        assert_eq!(refused("irongate produce \u{1b}[2J").expect("a mistake").matches('\u{1b}').count(), 0);
    }

    #[test]
    fn help_and_version_are_no_mistakes() {
        for line in ["irongate --help", "irongate produce -h", "irongate --version", "irongate"] {
            assert_eq!(refused(line), None, "{line}");
        }
    }
}
