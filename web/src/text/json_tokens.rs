//! Cuts JSON text into tokens for colouring. Forgiving: what is not JSON becomes a
//! token of its own and cutting goes on behind it. Not a validator.

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A string before a colon.
    Key,
    /// Any other string.
    String,
    /// A number.
    Number,
    /// `true`, `false`, `null`.
    Literal,
    /// Brackets, commas and colons.
    Punctuation,
    /// Anything JSON does not have.
    Unknown,
}

/// A token and where it stands, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// All tokens in their order; white space lies between them.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let mut found: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let kind = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'"' => {
                at = string_end(bytes, at);
                Kind::String
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => {
                at += 1;
                if bytes[start] == b':' {
                    turn_into_key(&mut found);
                }
                Kind::Punctuation
            }
            _ => {
                at = word_end(bytes, at);
                word_kind(&text[start..at])
            }
        };
        found.push(Token { kind, start, end: at });
    }
    found
}

fn turn_into_key(found: &mut [Token]) {
    if let Some(last) = found.last_mut().filter(|last| last.kind == Kind::String) {
        last.kind = Kind::Key;
    }
}

/// A string ends at its quote, or where the line ends: JSON strings hold no line break, and
/// an open quote must not swallow the rest of the text while it is being typed.
pub(super) fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => return at + 1,
            b'\n' => return at,
            b'\\' if bytes.get(at + 1).is_some_and(|next| *next != b'\n') => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// A word ends where anything else of JSON begins.
pub(super) fn word_end(bytes: &[u8], start: usize) -> usize {
    let ends =
        |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':');
    let length = bytes[start..].iter().position(ends).unwrap_or(bytes.len() - start);
    start + length
}

/// Whether a word is a number or a literal.
pub(super) fn is_word(word: &str) -> bool {
    word_kind(word) != Kind::Unknown
}

fn word_kind(word: &str) -> Kind {
    match word {
        "true" | "false" | "null" => Kind::Literal,
        _ if is_number(word) => Kind::Number,
        _ => Kind::Unknown,
    }
}

/// The number grammar of JSON: no leading zeros, no bare points, no plus sign in front.
fn is_number(word: &str) -> bool {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).into_iter().map(|token| (token.kind, &text[token.start..token.end])).collect()
    }

    #[test]
    fn keys_are_told_from_strings() {
        assert_eq!(
            cut(r#"{"a" : "b\"c", "d":[1.5e-3,true]}"#),
            [
                (Kind::Punctuation, "{"),
                (Kind::Key, r#""a""#),
                (Kind::Punctuation, ":"),
                (Kind::String, r#""b\"c""#),
                (Kind::Punctuation, ","),
                (Kind::Key, r#""d""#),
                (Kind::Punctuation, ":"),
                (Kind::Punctuation, "["),
                (Kind::Number, "1.5e-3"),
                (Kind::Punctuation, ","),
                (Kind::Literal, "true"),
                (Kind::Punctuation, "]"),
                (Kind::Punctuation, "}"),
            ]
        );
    }

    #[test]
    fn an_open_string_ends_with_its_line() {
        assert_eq!(
            cut("{\"a\n: 1}"),
            [
                (Kind::Punctuation, "{"),
                (Kind::Key, "\"a"),
                (Kind::Punctuation, ":"),
                (Kind::Number, "1"),
                (Kind::Punctuation, "}")
            ]
        );
        assert_eq!(cut("\"a\\"), [(Kind::String, "\"a\\")]);
    }

    #[test]
    fn what_is_not_json_is_unknown() {
        for word in ["01", "+1", ".5", "1.", "1e", "nul", "ünï", "-", "0x10"] {
            assert_eq!(cut(word), [(Kind::Unknown, word)]);
        }
        for word in ["0", "-0", "10", "1.25", "1E+9"] {
            assert_eq!(cut(word), [(Kind::Number, word)]);
        }
    }

    #[test]
    fn text_of_several_bytes_is_cut_at_characters() {
        assert_eq!(cut("[\"ü\\😀\", é]").len(), 5);
    }
}
