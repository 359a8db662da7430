//! An image that arrived: which rules want it, and what becomes of it.

use shared::parameters::GetParameters;
use shared::ports::CallErrorKind;
use shared::ports::images::{Repository, Selection};

use crate::decision::{Decision, Outcome};
use crate::event::Arrival;
use crate::follow::{Numbered, Occasion, Subject};
use crate::rule::Rule;
use crate::{Executions, ImagePush, Registry};

impl<R: Registry, S: Executions, P: GetParameters> ImagePush<R, S, P> {
    /// A decision for every rule, in their order.
    pub(crate) async fn arrived(&self, arrival: &Arrival, rules: &[Rule], mut occasion: Occasion<'_>) -> Vec<Decision> {
        let (mut wanted, mut decisions) = (Vec::new(), Vec::new());
        for rule in (1..).zip(rules) {
            match arrival.is_for(rule.1, &occasion.place.region) {
                Ok(()) => wanted.push(rule),
                Err(reason) => decisions.push(arrival.decision(&rule, Outcome::Ignored { reason })),
            }
        }
        if !wanted.is_empty() {
            decisions.extend(self.wanted(arrival, &wanted, &mut occasion).await);
        }
        decisions.sort_by_key(|decision| decision.rule);
        decisions
    }

    async fn wanted(&self, arrival: &Arrival, rules: &[Numbered<'_>], occasion: &mut Occasion<'_>) -> Vec<Decision> {
        let repository = Repository {
            registry_id: arrival.registry_id.clone(),
            name: arrival.repository.clone(),
        };
        let described = self
            .registry
            .describe_images(&repository, Selection::Digest(&arrival.digest))
            .await;
        let gone = || Outcome::ignored("it is no longer in its repository");
        let outcome = match described {
            Ok(page) => match page.images.into_iter().find(|image| image.digest == arrival.digest) {
                Some(image) => {
                    let subject = Subject {
                        repository: &repository,
                        image: &image,
                        tag: arrival.tag.as_deref(),
                        arrived: arrival.time,
                    };
                    return self.follow(&subject, rules, occasion).await;
                }
                None => gone(),
            },
            Err(error) if error.kind == CallErrorKind::NotFound => gone(),
            Err(error) => Outcome::failed(error),
        };
        rules
            .iter()
            .map(|rule| arrival.decision(rule, outcome.clone()))
            .collect()
    }
}

impl Arrival {
    /// Whether a rule wants it, or why not.
    fn is_for(&self, rule: &Rule, region: &str) -> Result<(), String> {
        rule.wants(&self.repository, self.tag.as_deref())?;
        if self.region == region {
            Ok(())
        } else {
            Err(format!(
                "it is in `{}`, and this function looks at `{region}`",
                self.region
            ))
        }
    }

    fn decision(&self, rule: &Numbered<'_>, outcome: Outcome) -> Decision {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        Decision::new(rule, Some(format!("{}{tag}@{}", self.repository, self.digest)), outcome)
    }
}
