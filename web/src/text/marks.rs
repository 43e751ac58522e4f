//! Places of a text to underline: made visible, and in the units that the browser counts in. Not how they are drawn.

use std::ops::Range;

use super::lines::floor_character;

/// A range made safe to cut a text at: inside it, at characters, and at least one character
/// long, because an empty underline cannot be seen. An object or array is marked at its bracket
/// only: a line under all of it would hide the places inside. The mark may be of an older text.
#[must_use]
pub fn visible(text: &str, mark: &Range<usize>) -> Range<usize> {
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
}

/// Where ranges begin and end in UTF-16 units, one after the other. Reads the text once, however many there are.
#[must_use]
pub fn utf16_places(text: &str, ranges: &[Range<usize>]) -> Vec<u32> {
    let ends = || ranges.iter().flat_map(|range| [range.start, range.end]);
    let mut order: Vec<(usize, usize)> = ends().enumerate().map(|(index, byte)| (byte, index)).collect();
    order.sort_unstable();
    let mut places = vec![0; order.len()];
    let (mut read, mut units) = (0, 0);
    for (byte, index) in order {
        let byte = floor_character(text, byte);
        units += text[read..byte].encode_utf16().count();
        read = byte;
        places[index] = u32::try_from(units).unwrap_or(u32::MAX);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, marks: &[Range<usize>]) -> Vec<Range<usize>> {
        marks.iter().map(|mark| visible(text, mark)).collect()
    }

    #[test]
    fn an_object_or_array_is_marked_at_its_bracket() {
        assert_eq!(all("{\"a\":[1]}", &[0..9, 5..8, 6..7]), [0..1, 5..6, 6..7]);
    }

    #[test]
    fn empty_and_stale_marks_stay_visible_and_inside() {
        assert_eq!(all("é", &[0..0, 2..2, 1..1, 7..9]), [0..2, 0..2, 0..2, 0..2]);
        assert_eq!(all("", &[0..0, 3..4]), [0..0, 0..0]);
    }

    #[test]
    fn places_count_as_the_browser_counts() {
        let text = "é😀x";
        assert_eq!(utf16_places(text, &[6..7, 0..2, 2..6, 9..9]), [3, 4, 0, 1, 1, 3, 4, 4]);
        assert_eq!(utf16_places(text, &[]), Vec::<u32>::new());
    }
}
