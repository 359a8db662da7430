//! The look: on a schedule, the function looks for images whose event was lost.

use std::time::Duration;

use shared::parameters::GetParameters;
use shared::ports::images::Repository;
use shared::ports::{CallError, CallErrorKind};
use shared::time::in_words;

use super::function::ImagePush;
use super::occasion::Occasion;
use super::start::left_for_the_next;
use crate::plan::{Candidate, Numbered, candidates};
use crate::ports::{Registry, States};
use crate::report::{Decision, Outcome};
use crate::rule::Rule;

impl<R: Registry, S: States, P: GetParameters> ImagePush<R, S, P> {
    /// Looks through the rules' repositories. An image that was pushed within the window and has no execution gets one:
    /// the newest image first, and no more than the settings allow.
    pub(super) async fn look(&self, registry_id: &str, rules: &[Rule], mut occasion: Occasion<'_>) -> Vec<Decision> {
        let numbered: Vec<Numbered<'_>> = (1..).zip(rules).collect();
        let (mut decisions, mut listed) = (Vec::new(), Vec::new());
        let names = match self.repositories(rules, registry_id).await {
            Ok(names) => names,
            Err(error) => {
                return numbered
                    .iter()
                    .map(|rule| Decision::new(rule, None, Outcome::failed(&error)))
                    .collect();
            }
        };
        for name in names {
            let repository = Repository {
                registry_id: registry_id.to_owned(),
                name,
            };
            match self.images(&repository).await {
                Ok(images) => listed.push((repository, images)),
                Err(error) => {
                    let wanted = numbered
                        .iter()
                        .filter(|(_, rule)| rule.repository.matches(&repository.name));
                    decisions.extend(wanted.map(|rule| Decision::new(rule, None, unlisted(&repository, &error))));
                }
            }
        }
        let since = occasion.now - self.look_back;
        for Candidate { subject, rules } in candidates(&listed, &numbered, since) {
            decisions.extend(match occasion.budget {
                Some(0) => rules
                    .iter()
                    .map(|rule| subject.decision(rule, left_for_the_next()))
                    .collect(),
                _ => self.follow(&subject, &rules, &mut occasion).await,
            });
        }
        let idle = numbered
            .iter()
            .filter(|(number, _)| !decisions.iter().any(|decision| decision.rule == *number));
        let idle: Vec<_> = idle
            .map(|rule| Decision::new(rule, None, nothing_since(self.look_back)))
            .collect();
        decisions.extend(idle);
        decisions
    }
}

/// What is said of a repository that cannot be listed. It is no failure if the repository does not exist yet: rules can
/// be deployed before it.
fn unlisted(repository: &Repository, error: &CallError) -> Outcome {
    match error.kind {
        CallErrorKind::NotFound => Outcome::Ignored {
            reason: format!("there is no repository `{}`", repository.name),
        },
        _ => Outcome::failed(error),
    }
}

fn nothing_since(look_back: Duration) -> Outcome {
    Outcome::Ignored {
        reason: format!("nothing that it wants was pushed in the last {}", in_words(look_back)),
    }
}
