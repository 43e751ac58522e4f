//! Two texts line by line: what stayed, what went, what came. The shortest such list for
//! texts of a schema's size; beyond a bound the differing middle is shown as replaced. Written here
//! because a library for it weighs more than a page of the console may.

/// The most pairs of lines compared. Above it, two bytes for each pair would be felt.
const PAIRS_MAX: usize = 4_000_000;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is in both texts.
    Same,
    /// Only the old text has it.
    Removed,
    /// Only the new text has it.
    Added,
}

/// Every line of both texts, in reading order, with what became of it.
#[must_use]
pub fn line_diff<'a>(old: &'a str, new: &'a str) -> Vec<(Change, &'a str)> {
    let old: Vec<&str> = old.lines().collect();
    let new: Vec<&str> = new.lines().collect();
    let head = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(old, new)| old == new).count();
    let same = |lines: &[&'a str]| lines.iter().map(|line| (Change::Same, *line)).collect::<Vec<_>>();
    let mut changes = same(&old[..head]);
    changes.extend(middle(&old[head..old.len() - tail], &new[head..new.len() - tail]));
    changes.extend(same(&old[old.len() - tail..]));
    changes
}

fn middle<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(Change, &'a str)> {
    let mut changes = Vec::with_capacity(old.len() + new.len());
    let width = new.len() + 1;
    // The longest common rest for each pair of places, from the end backwards.
    let mut rest = Vec::new();
    if (old.len() + 1).saturating_mul(width) <= PAIRS_MAX {
        rest = vec![0_u16; (old.len() + 1) * width];
        for (row, before) in old.iter().enumerate().rev() {
            for (column, after) in new.iter().enumerate().rev() {
                let at = row * width + column;
                rest[at] = match before == after {
                    true => rest[at + width + 1].saturating_add(1),
                    false => rest[at + 1].max(rest[at + width]),
                };
            }
        }
    }
    let longest = |row: usize, column: usize| rest.get(row * width + column).copied().unwrap_or(0);
    let (mut row, mut column) = (0, 0);
    while let (Some(before), Some(after)) = (old.get(row), new.get(column)) {
        if !rest.is_empty() && before == after {
            changes.push((Change::Same, *before));
            (row, column) = (row + 1, column + 1);
        } else if longest(row + 1, column) >= longest(row, column + 1) {
            changes.push((Change::Removed, *before));
            row += 1;
        } else {
            changes.push((Change::Added, *after));
            column += 1;
        }
    }
    changes.extend(old[row..].iter().map(|line| (Change::Removed, *line)));
    changes.extend(new[column..].iter().map(|line| (Change::Added, *line)));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(old: &str, new: &str) -> String {
        let sign = |change| match change {
            Change::Same => ' ',
            Change::Removed => '-',
            Change::Added => '+',
        };
        line_diff(old, new).iter().map(|(change, line)| format!("{}{line};", sign(*change))).collect()
    }

    #[test]
    fn lines_that_stayed_are_between_those_that_went_and_came() {
        assert_eq!(drawn("a\nb\nc", "a\nB\nc"), " a;-b;+B; c;");
        assert_eq!(drawn("a\nb\nc\nd", "b\nx\nd\ne"), "-a; b;-c;+x; d;+e;");
        assert_eq!(drawn("", "a"), "+a;");
        assert_eq!(drawn("a\na", "a"), " a;-a;");
        assert_eq!(drawn("same\n", "same"), " same;");
        assert_eq!(drawn("", ""), "");
    }

    #[test]
    fn what_is_too_long_to_compare_is_shown_as_replaced() {
        let lines = |word: &str| (0..2100).map(|number| format!("{word}{number}\n")).collect::<String>();
        let (old, new) = (format!("head\n{}end", lines("a")), format!("head\n{}end", lines("b")));
        let changes = line_diff(&old, &new);
        assert_eq!(changes.len(), 2 + 2 * 2100);
        assert_eq!((changes[0].0, changes[1].0, changes[2101].0), (Change::Same, Change::Removed, Change::Added));
        assert_eq!(changes.last(), Some(&(Change::Same, "end")));
    }
}
