//! The known name that a mistyped one was probably meant to be.

/// The nearest of some known names, letters' case aside; nothing if there are none.
pub(crate) fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .copied()
        .min_by_key(|candidate| distance(&name.to_lowercase(), &candidate.to_lowercase()))
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut current = vec![row; to.len() + 1];
        for column in 1..=to.len() {
            let replace = usize::from(from[row - 1] != to[column - 1]);
            current[column] = (last[column] + 1)
                .min(current[column - 1] + 1)
                .min(last[column - 1] + replace);
            let swapped = row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
            if swapped {
                current[column] = current[column].min(before_last[column - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_typing() {
        for (from, to, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("kitten", "sitting", 3),
            ("input", "inptu", 1),
            ("abc", "abc", 0),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_name_is_found_whatever_its_case() {
        let known = ["stateMachine", "input", "inputFile", "onRetry"];
        for (name, expected) in [
            ("statemachine", "stateMachine"),
            ("state_machine", "stateMachine"),
            ("inputfile", "inputFile"),
            ("retry", "onRetry"),
        ] {
            assert_eq!(nearest(name, &known), Some(expected));
        }
        assert_eq!(nearest("x", &[]), None);
    }
}
