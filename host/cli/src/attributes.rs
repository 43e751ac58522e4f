//! Attributes as danube-cli writes them: `key:value` pairs. The list itself is split at its
//! commas by the argument parser, so a value can hold colons but no comma.

/// One `key:value` pair, split at its first colon, without the blanks around either part.
pub(crate) fn parse(text: &str) -> Result<(String, String), String> {
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

    #[test]
    fn the_first_colon_splits() {
        assert_eq!(parse("time:12:30"), Ok(("time".into(), "12:30".into())));
        assert_eq!(parse(" a : b "), Ok(("a".into(), "b".into())));
        assert_eq!(parse("a:"), Ok(("a".into(), String::new())));
    }

    #[test]
    fn what_is_no_pair_is_refused() {
        assert!(parse("novalue").expect_err("no colon").contains("colon is missing"));
        assert!(parse(":v").expect_err("no key").contains("key is empty"));
    }
}
