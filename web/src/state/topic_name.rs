//! What may be a topic name, said before the broker has to. The broker decides.

/// Why a text is not a topic name: a sentence, or nothing where it is one.
#[must_use]
pub fn problem(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("a topic is needed, such as /default/user-events".to_owned());
    }
    let mut parts = name.split('/');
    let three = (parts.next(), parts.next(), parts.next(), parts.next());
    let (Some(""), Some(namespace), Some(topic), None) = three else {
        return Some(format!("a topic is /namespace/topic, such as /default/user-events; this is {name}"));
    };
    if namespace.is_empty() || topic.is_empty() {
        return Some("namespace and topic both need a name: /namespace/topic".to_owned());
    }
    // Letters beyond ASCII are the broker's to judge: the tables that know them are heavy.
    let allowed =
        |character: char| character.is_ascii_alphanumeric() || "_-".contains(character) || !character.is_ascii();
    let stray = namespace.chars().chain(topic.chars()).find(|character| !allowed(*character));
    stray.map(|character| format!("a topic name has letters, digits, _ and -; this one has “{character}”"))
}

/// The base name and the number of a partition's own topic, `/namespace/topic-part-3`.
#[must_use]
pub fn partition_of(name: &str) -> Option<(&str, u32)> {
    let (base, number) = name.rsplit_once("-part-")?;
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse().ok().filter(|_| plain)?;
    Some((base, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["/default/user-events", "/a/b_c", "/größe/x1"] {
            assert_eq!(problem(name), None, "{name}");
        }
        for name in ["", "x", "default/x", "/default", "/default/", "//x", "/a/b/c", "/a/b.c", "/a/b c", "/a/ "] {
            assert!(problem(name).is_some(), "{name}");
        }
        assert!(problem("/default/a.b").is_some_and(|text| text.contains('“')));
    }

    #[test]
    fn partitions() {
        assert_eq!(partition_of("/default/x-part-12"), Some(("/default/x", 12)));
        for name in ["/default/x", "/default/x-part-", "/default/x-part-a", "/default/x-part-+1"] {
            assert_eq!(partition_of(name), None, "{name}");
        }
    }
}
