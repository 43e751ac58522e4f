//! Messages of the page in a file that `irongate produce --from` runs, and those of a file in the page.

use bytes::Bytes;

use super::encoding::Encoding;
use super::form::{AttributeRow, ProduceForm};
use super::schema_choice::VersionChoice;
use super::template::{NAME_CHARACTERS_MAX, TEMPLATES_MAX, Template};
use crate::checks::message::Written;

/// The longest file that is read.
pub const FILE_BYTES_MAX: usize = 10_000_000;

/// A form for a file, with the bytes that travelled where they are not the text. Nothing, where nobody knows how it travels.
#[must_use]
pub fn written(name: &str, form: &ProduceForm, wire: Option<&[u8]>) -> Option<Written> {
    let (payload, encoding) = match (wire, form.encoding) {
        (Some(wire), _) => (wire, String::new()),
        (None, Some(Encoding::Text)) => (form.payload.as_bytes(), String::new()),
        (None, Some(encoding)) => (form.payload.as_bytes(), encoding.to_string()),
        (None, None) => return None,
    };
    let rows = form.attributes.iter().filter(|row| !row.key.is_empty());
    Some(Written {
        name: name.to_owned(),
        topic: form.topic.to_string(),
        subject: form.subject.to_string(),
        version: match form.version {
            VersionChoice::Pinned(version) => version,
            // The latest is one of those that were asked for.
            VersionChoice::Latest | VersionChoice::Minimum(_) => 0,
        },
        routing_key: form.routing_key.to_string(),
        attributes: rows.map(|row| (row.key.clone(), row.value.clone())).collect(),
        payload: Bytes::copy_from_slice(payload),
        template: form.template,
        encoding,
    })
}

/// The form of a message of a file; nothing, where its payload is no text.
#[must_use]
pub fn form(written: &Written) -> Option<ProduceForm> {
    let payload = std::str::from_utf8(&written.payload).ok()?;
    let row = |(key, value): (&String, &String)| AttributeRow { key: key.clone(), value: value.clone() };
    let version = if written.version > 0 { VersionChoice::Pinned(written.version) } else { VersionChoice::Latest };
    Some(ProduceForm {
        topic: written.topic.trim().into(),
        routing_key: written.routing_key.as_str().into(),
        attributes: written.attributes.iter().map(row).collect(),
        subject: written.subject.as_str().into(),
        version: if written.subject.is_empty() { VersionChoice::Latest } else { version },
        // Where a file names none, what stands in it is what travels.
        encoding: written.encoding.parse().ok().or(Some(Encoding::Text)),
        payload: payload.into(),
        template: written.template,
        ..ProduceForm::default()
    })
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The new templates, each with a name of its own.
    pub templates: Vec<Template>,
    /// What was left out, and why: a sentence each.
    pub left_out: Vec<String>,
}

/// Templates of the messages of a file, beside those that are kept.
#[must_use]
pub fn imported(messages: &[Written], kept: &[Template]) -> Imported {
    let mut imported = Imported::default();
    let mut names: Vec<String> = kept.iter().map(|template| template.name.clone()).collect();
    for (index, message) in messages.iter().enumerate() {
        let Some(form) = form(message) else {
            imported.left_out.push(format!("message {}: its payload is no text", index + 1));
            continue;
        };
        if names.len() >= TEMPLATES_MAX {
            let rest = messages.len() - index;
            imported.left_out.push(format!("the last {rest}: {TEMPLATES_MAX} templates are kept, and no more"));
            break;
        }
        let name = free_name(&named(message, index), &names);
        imported.templates.push(Template::new(&name, &form));
        names.push(name);
    }
    imported
}

fn named(message: &Written, index: usize) -> String {
    let own = message.name.trim();
    let name = match (own.is_empty(), message.topic.is_empty()) {
        (false, _) => own.to_owned(),
        (true, false) => message.topic.trim().to_owned(),
        (true, true) => format!("message {}", index + 1),
    };
    name.chars().take(NAME_CHARACTERS_MAX).collect()
}

/// The name, or the first of those with a number behind it that nobody has.
fn free_name(name: &str, taken: &[String]) -> String {
    let numbered = (2_usize..).map(|number| {
        let end = format!(" ({number})");
        let room = NAME_CHARACTERS_MAX - end.chars().count();
        name.chars().take(room).collect::<String>() + &end
    });
    let mut names = std::iter::once(name.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, payload: &'static [u8]) -> Written {
        Written { name: name.to_owned(), payload: Bytes::from_static(payload), ..Written::default() }
    }

    #[test]
    fn a_form_comes_back_from_a_file() {
        let row = |key: &str| AttributeRow { key: key.to_owned(), value: "1".to_owned() };
        let form = ProduceForm {
            topic: "/default/x".into(),
            routing_key: "k".into(),
            attributes: [row("a"), row("b")].into(),
            subject: "s".into(),
            version: VersionChoice::Pinned(3),
            encoding: Some(Encoding::Text),
            payload: "{{seq}}".into(),
            template: true,
            ..ProduceForm::default()
        };
        for encoding in [Encoding::Text, Encoding::Binary, Encoding::Container] {
            let form = ProduceForm { encoding: Some(encoding), ..form.clone() };
            let written = written("n", &form, None).expect("its encoding is known");
            assert_eq!((&*written.name, super::form(&written)), ("n", Some(form)));
        }
    }

    #[test]
    fn bytes_that_have_travelled_need_no_encoding() {
        let form = ProduceForm { encoding: Some(Encoding::Binary), payload: "{}".into(), ..ProduceForm::default() };
        assert_eq!(written("n", &ProduceForm::default(), None), None, "nobody knows how it travels");
        let sent = written("n", &form, Some(&[1])).expect("its bytes");
        assert_eq!((sent.payload, &*sent.encoding), (Bytes::from_static(&[1]), ""));
    }

    #[test]
    fn every_template_has_a_name_of_its_own() {
        let kept = [Template::new("a", &ProduceForm::default())];
        let messages = [message("a", b"1"), message("", b"2"), message("a", b"3"), message("b", &[0xff])];
        let imported = imported(&messages, &kept);
        let names: Vec<&str> = imported.templates.iter().map(|template| &*template.name).collect();
        assert_eq!(names, ["a (2)", "message 2", "a (3)"]);
        assert_eq!(imported.left_out, ["message 4: its payload is no text"]);
        let long = "x".repeat(NAME_CHARACTERS_MAX);
        assert!(free_name(&long, std::slice::from_ref(&long)).ends_with("x (2)"));
    }

    #[test]
    fn no_more_templates_are_imported_than_are_kept() {
        let kept: Vec<Template> =
            (1..TEMPLATES_MAX).map(|at| Template::new(&format!("k{at}"), &ProduceForm::default())).collect();
        let imported = imported(&[message("a", b""), message("b", b""), message("c", b"")], &kept);
        assert_eq!(imported.templates.len(), 1);
        assert_eq!(imported.left_out, ["the last 2: 500 templates are kept, and no more"]);
    }
}
