//! Text that matches a regular expression, from its syntax tree. Anchors and word boundaries are taken as fulfilled: who
//! asks validates the result.

use regex_syntax::{
    Parser,
    hir::{Class, ClassUnicode, Hir, HirKind},
};

use super::source::Source;
use crate::limits::SAMPLE_TEXT_CHARS_MAX;

/// Repetitions beyond the least.
const MORE_REPETITIONS_MAX: usize = 3;

/// Text for a pattern; `length` is how many characters are wanted. None where the pattern is beyond this syntax or the
/// text would be too long.
pub(super) fn text(pattern: &str, length: usize, source: &mut Source) -> Option<String> {
    let tree = Parser::new().parse(pattern).ok()?;
    let mut text = String::new();
    write(&tree, length, source, &mut text)?;
    Some(text)
}

fn write(tree: &Hir, length: usize, source: &mut Source, text: &mut String) -> Option<()> {
    if text.len() > SAMPLE_TEXT_CHARS_MAX {
        return None;
    }
    match tree.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => text.push(one_of(class, source)?),
        HirKind::Class(Class::Bytes(_)) => return None,
        HirKind::Repetition(repetition) => {
            let least = repetition.min as usize;
            let wanted = MORE_REPETITIONS_MAX.max(length.saturating_sub(text.chars().count()));
            let most = repetition.max.map_or(usize::MAX, |max| max as usize).min(least.saturating_add(wanted));
            let most =
                if length > text.chars().count() + MORE_REPETITIONS_MAX { most } else { source.size(least..=most) };
            for _ in 0..most {
                write(&repetition.sub, 0, source, text)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, length, source, text)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, length, source, text)?;
            }
        }
        HirKind::Alternation(branches) => {
            let branch = source.size(0..=branches.len().checked_sub(1)?);
            write(&branches[branch], length, source, text)?;
        }
    }
    Some(())
}

/// A character of a class: a printable one of ASCII where there is one, because a digit is more than ten in Unicode.
fn one_of(class: &ClassUnicode, source: &mut Source) -> Option<char> {
    let plain: Vec<char> =
        (' '..='~').filter(|c| class.iter().any(|range| range.start() <= *c && *c <= range.end())).collect();
    let letters: Vec<char> = plain.iter().copied().filter(char::is_ascii_alphanumeric).collect();
    if let Some(c) = source.one_of(if letters.is_empty() { &plain } else { &letters }) {
        return Some(c);
    }
    Some(class.iter().next()?.start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_matches_its_pattern() {
        for (pattern, shape) in [("^[A-Z]{2}-\\d{3}$", "AA-000"), ("(cat|dog)s?", "cat"), ("^\\w+@x\\.de$", "a@x.de")] {
            for seed in 0..50 {
                let text = text(pattern, 0, &mut Source::new(seed, 0)).unwrap();
                let kinds: String =
                    text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).take(shape.len()).collect();
                assert!(kinds.len() >= 3, "{pattern}: {text}");
                assert!(jsonschema::is_valid(&serde_json::json!({"pattern": pattern}), &text.clone().into()), "{text}");
            }
        }
    }

    #[test]
    fn what_would_be_too_long_is_given_up() {
        assert_eq!(text("(a{1000}){1000}", 0, &mut Source::new(1, 0)), None);
        assert_eq!(text("(?=a)b", 0, &mut Source::new(1, 0)), None);
        assert_eq!(text("^a*$", 40, &mut Source::new(1, 0)).map(|text| text.len()), Some(40));
    }
}
