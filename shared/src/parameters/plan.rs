//! Which calls to make: batches of at most ten names, and no name twice.

use super::reference::ParameterReference;

/// The most names that one `GetParameters` call takes.
pub(super) const MAX_NAMES: usize = 10;

/// One parameter to read, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    /// The parameter.
    pub(super) reference: ParameterReference,
    /// Whether a SecureString may be decrypted.
    pub(super) with_decryption: bool,
}

/// What one `GetParameters` call asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    /// The parameters, in the order in which they were first asked for.
    pub(super) references: Vec<ParameterReference>,
    /// Whether SecureStrings are decrypted: one setting for the whole call.
    pub(super) with_decryption: bool,
}

impl Batch {
    /// Two halves of the batch, to find out which of its names is wrong. Nothing if it has only one name.
    pub(super) fn halves(&self) -> Option<[Batch; 2]> {
        let (first, second) = self.references.split_at(self.references.len().div_ceil(2));
        let half = |references: &[_]| Batch {
            references: references.to_vec(),
            ..*self
        };
        (!second.is_empty()).then(|| [half(first), half(second)])
    }

    /// What the batch asks for, one by one.
    pub(super) fn wanted(&self) -> impl Iterator<Item = Wanted> {
        let with_decryption = self.with_decryption;
        self.references.iter().cloned().map(move |reference| Wanted {
            reference,
            with_decryption,
        })
    }

    fn takes(&self, wanted: &Wanted) -> bool {
        self.with_decryption == wanted.with_decryption
            && self.references.len() < MAX_NAMES
            // Parameter Store collapses duplicates, so a parameter's versions are asked for in calls of their own.
            && self.references.iter().all(|reference| reference.path() != wanted.reference.path())
    }
}

/// Puts what is wanted into as few calls as possible. Nothing is read twice, and nothing is decrypted without need.
pub(super) fn batches(wanted: impl IntoIterator<Item = Wanted>) -> Vec<Batch> {
    let mut seen = std::collections::HashSet::new();
    let mut batches: Vec<Batch> = Vec::new();
    for wanted in wanted.into_iter().filter(|wanted| seen.insert(wanted.clone())) {
        match batches.iter_mut().find(|batch| batch.takes(&wanted)) {
            Some(batch) => batch.references.push(wanted.reference),
            None => batches.push(Batch {
                references: vec![wanted.reference],
                with_decryption: wanted.with_decryption,
            }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(text: &str, with_decryption: bool) -> Wanted {
        Wanted {
            reference: text.parse().expect(text),
            with_decryption,
        }
    }

    fn texts(batches: &[Batch]) -> Vec<(Vec<&str>, bool)> {
        batches
            .iter()
            .map(|batch| {
                (
                    batch.references.iter().map(ParameterReference::as_str).collect(),
                    batch.with_decryption,
                )
            })
            .collect()
    }

    #[test]
    fn five_hundred_names_are_fifty_calls_however_often_each_is_asked_for() {
        let asked = (0..1_000).map(|n| wanted(&format!("/p/{}", n % 500), false));
        let batches = batches(asked);
        assert_eq!(batches.len(), 50);
        assert!(batches.iter().all(|batch| batch.references.len() == MAX_NAMES));
    }

    #[test]
    fn decryption_has_calls_of_its_own() {
        let batches = batches([
            wanted("/a", false),
            wanted("/s", true),
            wanted("/b", false),
            wanted("/a", false),
        ]);
        assert_eq!(texts(&batches), [(vec!["/a", "/b"], false), (vec!["/s"], true)]);
    }

    #[test]
    fn versions_of_one_parameter_are_kept_apart() {
        let batches = batches([
            wanted("/a", false),
            wanted("/a:1", false),
            wanted("/b", false),
            wanted("/a:x", false),
        ]);
        assert_eq!(
            texts(&batches),
            [(vec!["/a", "/b"], false), (vec!["/a:1"], false), (vec!["/a:x"], false)]
        );
    }

    #[test]
    fn halves_lose_nothing() {
        let batch = &batches([wanted("/a", true), wanted("/b", true), wanted("/c", true)])[0];
        let halves = batch.halves().expect("three can be halved");
        assert_eq!(texts(&halves), [(vec!["/a", "/b"], true), (vec!["/c"], true)]);
        assert_eq!(halves[1].halves(), None);
    }
}
