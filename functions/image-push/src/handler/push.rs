//! An image that arrived: which rules want it, and what becomes of it.

use shared::parameters::GetParameters;
use shared::ports::CallErrorKind;
use shared::ports::images::{BatchGetImage, DescribeImages, Repository, Selection};

use super::function::ImagePush;
use super::occasion::Occasion;
use crate::event::Arrival;
use crate::plan::{Numbered, Subject};
use crate::ports::States;
use crate::report::{Decision, Outcome};
use crate::rule::Rule;

impl<R, S, P> ImagePush<R, S, P>
where
    R: DescribeImages + BatchGetImage,
    S: States,
    P: GetParameters,
{
    /// A decision for every rule, in their order.
    pub(super) async fn arrived(&self, arrival: &Arrival, rules: &[Rule], mut occasion: Occasion<'_>) -> Vec<Decision> {
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
