//! The known name that a mistyped one was probably meant to be.

/// Of these names the one that a mistyped one was probably meant to be; nothing where none is so close.
///
/// ```
/// use states_language::closest;
///
/// assert_eq!(closest("lamda", ["lambda", "sns", "sqs"]), Some("lambda"));
/// assert_eq!(closest("ssm", ["lambda", "sns", "sqs"]), None);
/// assert_eq!(closest("putItems", ["getItem", "putItem"]), Some("putItem"));
/// ```
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name.to_lowercase();
    let most = match name.chars().count() {
        0..=2 => 0,
        3..=7 => 1,
        8..=15 => 2,
        _ => 3,
    };
    let distances = known
        .into_iter()
        .map(|candidate| (distance(&typed, &candidate.to_lowercase()), candidate));
    // Another verb is another name: `getItem` is not meant by `putItem`.
    let alike = distances.filter(|(far, candidate)| *far <= most && distance(verb(name), verb(candidate)) <= 1);
    alike.min_by_key(|(far, _)| *far).map(|(_, candidate)| candidate)
}

/// A name's first word.
fn verb(name: &str) -> &str {
    let end = name.char_indices().skip(1).find(|(_, c)| c.is_uppercase());
    end.map_or(name, |(end, _)| &name[..end])
}

/// How many letters must be inserted, removed, replaced or swapped with their neighbour to get from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut current = vec![row; to.len() + 1];
        for column in 1..=to.len() {
            let replaced = last[column - 1] + usize::from(from[row - 1] != to[column - 1]);
            current[column] = (last[column] + 1).min(current[column - 1] + 1).min(replaced);
            let is_swapped =
                row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
            if is_swapped {
                current[column] = current[column].min(before_last[column - 2] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}
