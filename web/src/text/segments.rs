//! One line of the editor as segments of one look each: a colour from the token, an
//! underline from a violation. Not how they are drawn.

use std::ops::Range;

use super::json_tokens::{Kind, Token};
use super::lines::floor_character;

/// A stretch of text with one look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its bytes.
    pub range: Range<usize>,
    /// The token it belongs to; none between tokens.
    pub kind: Option<Kind>,
    /// Whether a violation covers it.
    pub marked: bool,
}

/// Ranges made safe to cut a text at: inside it, at characters, and at least one character
/// long, because an empty underline cannot be seen. An object or array is marked at its bracket
/// only: a line under all of it would hide the places inside. `marks` may be of an older text.
#[must_use]
pub fn visible_marks(text: &str, marks: &[Range<usize>]) -> Vec<Range<usize>> {
    let widen = |mark: &Range<usize>| {
        let start = floor_character(text, mark.start);
        let end = floor_character(text, mark.end.max(start));
        if end > start && text[start..].starts_with(['{', '[']) {
            return start..start + 1;
        }
        if end > start {
            return start..end;
        }
        match text[start..].chars().next() {
            Some(character) if character != '\n' => start..start + character.len_utf8(),
            _ => floor_character(text, start.saturating_sub(1))..start,
        }
    };
    marks.iter().map(widen).filter(|mark| !mark.is_empty()).collect()
}

/// The segments of one line. `tokens` and `marks` are those of the whole text; marks must come
/// from [`visible_marks`].
#[must_use]
pub fn segments(line: Range<usize>, tokens: &[Token], marks: &[Range<usize>]) -> Vec<Segment> {
    let first = tokens.partition_point(|token| token.end <= line.start);
    let inside: Vec<&Token> = tokens[first..].iter().take_while(|token| token.start < line.end).collect();
    let marks: Vec<&Range<usize>> =
        marks.iter().filter(|mark| mark.start < line.end && mark.end > line.start).collect();
    let mut cuts: Vec<usize> = vec![line.start, line.end];
    let edges = inside.iter().flat_map(|token| [token.start, token.end]);
    for cut in edges.chain(marks.iter().flat_map(|mark| [mark.start, mark.end])) {
        // Tokens come in order, marks are few: put each cut in its place, once.
        if let Err(at) = cuts.binary_search(&cut)
            && line.contains(&cut)
        {
            cuts.insert(at, cut);
        }
    }
    cuts.dedup();
    let look = |range: Range<usize>| {
        let token = inside.iter().find(|token| token.start <= range.start && range.end <= token.end);
        let marked = marks.iter().any(|mark| mark.start <= range.start && range.end <= mark.end);
        Segment { range, kind: token.map(|token| token.kind), marked }
    };
    cuts.windows(2).map(|pair| look(pair[0]..pair[1])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::json_tokens::tokens;

    fn looks(text: &str, line: Range<usize>, mark: Range<usize>) -> Vec<(&str, Option<Kind>, bool)> {
        let segments = segments(line, &tokens(text), &visible_marks(text, &[mark]));
        segments.into_iter().map(|segment| (&text[segment.range], segment.kind, segment.marked)).collect()
    }

    #[test]
    fn a_mark_cuts_across_tokens() {
        let text = "[12, 3]";
        assert_eq!(
            looks(text, 0..7, 2..6),
            [
                ("[", Some(Kind::Punctuation), false),
                ("1", Some(Kind::Number), false),
                ("2", Some(Kind::Number), true),
                (",", Some(Kind::Punctuation), true),
                (" ", None, true),
                ("3", Some(Kind::Number), true),
                ("]", Some(Kind::Punctuation), false),
            ]
        );
    }

    #[test]
    fn a_mark_over_lines_shows_on_each() {
        let text = "1\n2\n3";
        assert_eq!(looks(text, 2..3, 0..5), [("2", Some(Kind::Number), true)]);
        assert_eq!(looks(text, 4..5, 0..5), [("3", Some(Kind::Number), true)]);
    }

    #[test]
    fn an_object_or_array_is_marked_at_its_bracket() {
        assert_eq!(visible_marks("{\"a\":[1]}", &[0..9, 5..8, 6..7]), [0..1, 5..6, 6..7]);
    }

    #[test]
    fn empty_and_stale_marks_stay_visible_and_inside() {
        let text = "é";
        assert_eq!(visible_marks(text, &[0..0, 2..2, 1..1, 7..9]), [0..2, 0..2, 0..2, 0..2]);
        assert_eq!(visible_marks("", &[0..0, 3..4]), Vec::<Range<usize>>::new());
        assert_eq!(looks("", 0..0, 0..0), []);
    }
}
