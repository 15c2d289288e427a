//! What was probably meant by a name that nothing has.

/// One change for so many characters is taken for a slip.
const CHARACTERS_PER_SLIP: usize = 3;

/// Fewest characters of a start that is taken for the whole: one could be any.
const SHORTEST_START: usize = 2;

/// Finds the name that takes the fewest slips to come from `name`, leaving the end out being one;
/// the first of several. `None` if all take too many.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let most = length.div_ceil(CHARACTERS_PER_SLIP);
    let is_start = |other: &str| length >= SHORTEST_START && other.starts_with(name);
    let count = |other| if is_start(other) { 1 } else { slips(name, other) };
    let near = names.into_iter().map(|other| (count(other), other));
    let near = near.filter(|(slips, _)| *slips <= most);
    near.min_by_key(|(slips, _)| *slips).map(|(_, other)| other)
}

/// Counts the characters to be inserted, left out, replaced or swapped with their neighbour (the
/// distance of optimal string alignment).
fn slips(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Row i + 1 holds the distances of the first i characters of a to each start of b.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = last[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let cases = [
            ("", "", 0),
            ("", "abc", 3),
            ("main", "main", 0),
            ("mian", "main", 1),
            ("man", "main", 1),
            ("maain", "main", 1),
            ("kitten", "sitting", 3),
            ("重み", "重", 1),
        ];
        for (a, b, expected) in cases {
            assert_eq!((slips(a, b), slips(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_near_is_meant() {
        let names = ["main", "production", "v1", "v2"];
        let near = |name: &str| nearest(name, names);
        assert_eq!(near("mian"), Some("main"));
        assert_eq!(near("prodcution"), Some("production"));
        assert_eq!(near("v3"), Some("v1"));
        assert_eq!((near("prod"), near("p")), (Some("production"), None));
        assert_eq!(near("abc"), None);
        assert_eq!(near("nothing"), None);
        assert_eq!(nearest("main", []), None);
    }
}
