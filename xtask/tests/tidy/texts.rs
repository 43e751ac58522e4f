//! What no text of the repository may say: places on one machine, and where packages
//! come from. Names of libraries and their pages are fine.

/// Split so that this file does not say them either.
const FORBIDDEN: [(&str, &str); 8] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("crates", ".io"),
    ("pypi", ".org"),
    ("pythonhosted", ".org"),
    ("deb.debian", ".org"),
    ("npmjs", ".org"),
    ("proxy.golang", ".org"),
];

pub fn forbidden(path: &str, text: &str) -> Vec<String> {
    FORBIDDEN
        .iter()
        .map(|(head, tail)| format!("{head}{tail}"))
        .flat_map(|word| {
            let lines = text.lines().enumerate().filter(|(_, line)| line.contains(&word)).map(|(index, _)| index + 1);
            lines.map(|line| format!("{path}:{line} says {word}")).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn a_forbidden_word_is_found_with_its_line() {
    let (head, tail) = FORBIDDEN[0];
    assert_eq!(forbidden("a.md", &format!("fine\nsee {head}{tail}x\n")), [format!("a.md:2 says {head}{tail}")]);
    assert_eq!(forbidden("a.md", "see docs/decisions"), Vec::<String>::new());
}
