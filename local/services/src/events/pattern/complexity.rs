//! How much work wildcards make.
//!
//! EventBridge refuses a rule whose wildcards could be at too many places at once while a value is read:
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-wildcard-matching-complexity>.
//! What it counts is in `MachineComplexityEvaluator` of <https://github.com/aws/event-ruler>: the places that the worst
//! value reaches, of all wildcards of one field. Its limit is not documented. Rules that people had taken and refused
//! are in the tests.

use super::branch::Branch;
use super::matcher::{Matcher, Text};
use platform::wildcard::Piece;
use std::collections::{BTreeMap, BTreeSet};

/// What EventBridge says of such a rule.
pub(super) const TOO_COMPLEX: &str = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";

/// From this many places on a rule is refused.
const TOO_MANY_PLACES: usize = 10;

/// How many states are looked at. A rule that has shown no mischief by then is taken.
const MOST_STATES: usize = 5_000;

/// Wildcards that stand in one matcher: what they begin with in common is one place.
type Group = Vec<Vec<Piece>>;

/// A place in a wildcard: its group, its number there, and how many of its pieces are behind it.
type Place = (usize, usize, usize);

/// Whether the wildcards of some field are at too many places at once.
pub(super) fn is_too_complex(branches: &[Branch]) -> bool {
    // Branches share the automaton of a field where the fields before it have the same names.
    let mut automata: BTreeMap<Vec<&str>, Vec<Group>> = BTreeMap::new();
    for branch in branches {
        let mut names = Vec::new();
        for field in branch.sorted() {
            names.push(field.path.as_str());
            let groups = automata.entry(names.clone()).or_default();
            for group in field.wanted.iter().filter_map(group) {
                if !groups.contains(&group) {
                    groups.push(group);
                }
            }
        }
    }
    automata.values().any(|groups| reaches_too_many(groups))
}

fn group(matcher: &Matcher) -> Option<Group> {
    let wildcard = |matcher: &Matcher| match matcher {
        Matcher::Text(Text::Wildcard { pieces, .. }) => {
            // The quotes around a value are read like the rest of it.
            let quote = [Piece::Literal('"')];
            Some([&quote, pieces.as_slice(), &quote].concat())
        }
        _ => None,
    };
    match matcher {
        Matcher::AnythingBut(unwanted) => {
            let group: Group = unwanted.iter().filter_map(wildcard).collect();
            (!group.is_empty()).then_some(group)
        }
        one => wildcard(one).map(|pieces| vec![pieces]),
    }
}

/// Follows all wildcards at once, from character to character.
fn reaches_too_many(groups: &[Group]) -> bool {
    let characters: BTreeSet<char> = groups
        .iter()
        .flatten()
        .flatten()
        .filter_map(|piece| match piece {
            Piece::Literal(character) => Some(*character),
            Piece::AnyOne | Piece::AnyRun => None,
        })
        .collect();
    let start: BTreeSet<Place> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, wildcards)| (0..wildcards.len()).map(move |number| (group, number, 0)))
        .collect();
    let (mut seen, mut left) = (BTreeSet::from([start.clone()]), vec![start]);
    while let Some(places) = left.pop() {
        for character in &characters {
            let moves = step(groups, &places, *character);
            if count(groups, &moves) >= TOO_MANY_PLACES {
                return true;
            }
            let reached: BTreeSet<Place> = moves.into_iter().map(|(place, _)| place).collect();
            if !reached.is_empty() && seen.len() < MOST_STATES && seen.insert(reached.clone()) {
                left.push(reached);
            }
        }
    }
    false
}

/// Where the wildcards are behind one more character, and whether a star has read it: there they stay.
fn step(groups: &[Group], places: &BTreeSet<Place>, character: char) -> BTreeSet<(Place, bool)> {
    let mut moves = BTreeSet::new();
    for &(group, number, at) in places {
        let pieces = &groups[group][number];
        let is_star = pieces.get(at) == Some(&Piece::AnyRun);
        if is_star {
            moves.insert(((group, number, at), true));
        }
        let next = at + usize::from(is_star);
        if pieces.get(next) == Some(&Piece::Literal(character)) {
            moves.insert(((group, number, next + 1), false));
        }
    }
    moves
}

/// How many different places these are. A star that stands next is one, too.
fn count(groups: &[Group], moves: &BTreeSet<(Place, bool)>) -> usize {
    let mut places: Vec<(usize, &[Piece], bool)> = Vec::new();
    for &((group, number, at), by_star) in moves {
        let pieces = &groups[group][number];
        let star_next = pieces.get(at) == Some(&Piece::AnyRun);
        for star in [false, true] {
            let place = (group, &pieces[..at], star);
            let is_one = if star { star_next } else { !by_star };
            if is_one && !places.contains(&place) {
                places.push(place);
            }
        }
    }
    places.len()
}
