//! One image and the rules that want it: look at the image, and start what the rules ask for.

use shared::parameters::GetParameters;
use shared::ports::images::{BatchGetImage, DescribeImages};
use shared::time::Timestamp;

use super::function::ImagePush;
use super::occasion::Occasion;
use crate::manifest::Manifest;
use crate::plan::{Described, Numbered, Runnable, Subject, choose, describe};
use crate::ports::States;
use crate::report::{Decision, Outcome};

impl<R, S, P> ImagePush<R, S, P>
where
    R: DescribeImages + BatchGetImage,
    S: States,
    P: GetParameters,
{
    /// What becomes of an image for each of the rules that want it.
    pub(super) async fn follow(
        &self,
        subject: &Subject<'_>,
        rules: &[Numbered<'_>],
        occasion: &mut Occasion<'_>,
    ) -> Vec<Decision> {
        let manifest = match self.examine(subject, occasion.now).await {
            Ok(manifest) => manifest,
            Err(outcome) => {
                return rules
                    .iter()
                    .map(|rule| subject.decision(rule, outcome.clone()))
                    .collect();
            }
        };
        let mut decisions = Vec::new();
        for rule in rules {
            let outcome = match self.state_machine(&rule.1.state_machine, subject, occasion).await {
                Err(reason) => Outcome::Failed { reason },
                Ok(machine) => match choose(subject.image, manifest.as_ref(), rule.1) {
                    Runnable::Ignored(reason) => Outcome::Ignored { reason },
                    Runnable::Run { digest, media_type } => {
                        let image = subject.to_run(digest, media_type);
                        self.start(&image, rule.1, &machine, occasion).await
                    }
                },
            };
            decisions.push(subject.decision(rule, outcome));
        }
        decisions
    }

    /// Whether the image can be run, as far as that is the same for every rule; its manifest, if the rules need it.
    async fn examine(&self, subject: &Subject<'_>, now: Timestamp) -> Result<Option<Manifest>, Outcome> {
        let described = describe(subject.image, subject.tag);
        if let Described::Ignored(reason) = described {
            return Err(Outcome::Ignored { reason });
        }
        if subject.tag.is_none() {
            self.unclaimed(subject.repository, subject.image, now).await?;
        }
        if described == Described::Image {
            return Ok(None);
        }
        let digest = subject.image.digest.as_str();
        let found = self
            .registry
            .batch_get_image(subject.repository, &[digest])
            .await
            .map_err(Outcome::failed)?;
        let manifest = found.into_iter().find(|manifest| manifest.digest == digest);
        let manifest = manifest.ok_or_else(|| Outcome::ignored("it is no longer in its repository"))?;
        Ok(Some(Manifest::parse(&manifest.text)))
    }
}
