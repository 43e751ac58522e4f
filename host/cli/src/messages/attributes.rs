//! Attributes as danube-cli writes them: `key:value` pairs with commas between them. A comma that is no separator
//! is told by what follows it, or by a backslash.

/// What one `-a` says.
pub(crate) type Pairs = Vec<(String, String)>;

/// A list of pairs. A comma separates only where the text after it has a colon of its own, so `note:a, b` is one
/// pair; `\,` never separates.
pub(crate) fn parse(text: &str) -> Result<Pairs, String> {
    pieces(text).iter().map(|piece| pair(piece)).collect()
}

fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut is_escaped = false;
    for part in text.split(',') {
        match pieces.last_mut() {
            Some(last) if is_escaped => {
                last.pop();
                *last += ",";
                *last += part;
            }
            Some(last) if !part.contains(':') && last.contains(':') => {
                *last += ",";
                *last += part;
            }
            _ => pieces.push(part.to_owned()),
        }
        is_escaped = part.ends_with('\\');
    }
    pieces
}

/// One `key:value` pair, split at its first colon, without the blanks around either part.
fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) =
        text.split_once(':').ok_or_else(|| "an attribute is key:value; the colon is missing".to_owned())?;
    let key = key.trim();
    if key.is_empty() {
        return Err("an attribute is key:value; the key is empty".to_owned());
    }
    Ok((key.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse(text).expect(text)
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_first_colon_splits() {
        assert_eq!(parsed("time:12:30"), pairs(&[("time", "12:30")]));
        assert_eq!(parsed(" a : b "), pairs(&[("a", "b")]));
        assert_eq!(parsed("a:"), pairs(&[("a", "")]));
        assert_eq!(parsed("priority:high,source:web"), pairs(&[("priority", "high"), ("source", "web")]));
    }

    #[test]
    fn values_hold_commas() {
        assert_eq!(parsed("note:a, b,c:d"), pairs(&[("note", "a, b"), ("c", "d")]));
        assert_eq!(parsed(r"note:a\,b:c,d:e"), pairs(&[("note", "a,b:c"), ("d", "e")]));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        assert!(parse("novalue").expect_err("no colon").contains("colon is missing"));
        assert!(parse(":v").expect_err("no key").contains("key is empty"));
        assert!(parse("a:b,:c").expect_err("no key").contains("key is empty"));
    }
}
