//! What was probably meant by a name that nothing has.

use strsim::osa_distance;

/// One change for so many characters is taken for a slip.
const CHARACTERS_PER_SLIP: usize = 3;

/// Fewest characters of a start that is taken for the whole: one could be any.
const SHORTEST_START: usize = 2;

/// Finds the name that takes the fewest slips to come from `name`, leaving the end out being one;
/// the first of several. `None` if all take too many.
pub fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let most = length.div_ceil(CHARACTERS_PER_SLIP);
    let is_start = |other: &str| length >= SHORTEST_START && other.starts_with(name);
    let count = |other| if is_start(other) { 1 } else { osa_distance(name, other) };
    let near = names.into_iter().map(|other| (count(other), other));
    let near = near.filter(|(slips, _)| *slips <= most);
    near.min_by_key(|(slips, _)| *slips).map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

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
