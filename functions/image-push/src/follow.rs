//! One image, held against the rules that want it: look at it, and start what is to be started.

use std::time::Duration;

use shared::parameters::{GetParameters, ParameterReference, Parameters, Problem};
use shared::place::Place;
use shared::ports::CallErrorKind;
use shared::ports::images::{ImageDetail, Repository};
use shared::ports::step_functions::StateMachineType;
use shared::state_machine::{StateMachineArn, StateMachineName, StateMachineReference};
use shared::time::Timestamp;

use crate::decision::{Decision, Outcome};
use crate::examine::{Described, Runnable, choose, describe};
use crate::manifest::Manifest;
use crate::rule::Rule;
use crate::start::Image;
use crate::{Executions, ImagePush, Registry};

/// What brings an image up, and how much may come of it.
#[derive(Debug)]
pub(crate) struct Occasion<'a> {
    /// Where this function runs.
    pub(crate) place: &'a Place,
    /// When it was called.
    pub(crate) now: Timestamp,
    /// For a look, how many executions it may still start. An event is there for one image, and starts what it asks for.
    pub(crate) budget: Option<usize>,
}

/// An image under one of its tags, or without any.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) image: &'a ImageDetail,
    pub(crate) tag: Option<&'a str>,
    /// When it arrived, where an event tells.
    pub(crate) arrived: Option<Timestamp>,
}

/// A rule with its number, counted from one.
pub(crate) type Numbered<'a> = (usize, &'a Rule);

impl<R: Registry, S: Executions, P: GetParameters> ImagePush<R, S, P> {
    /// What becomes of an image for each of the rules that want it.
    pub(crate) async fn follow(
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

    /// Whether the image is one to run, as far as that is the same for every rule: its manifest, where that matters.
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

    /// The state machine that a rule means, which must be a Standard one: Express knows no "once". Where a parameter names
    /// it, the one that it named when the image arrived: the parameter can move before the next delivery, or a look.
    async fn state_machine(
        &self,
        reference: &StateMachineReference,
        subject: &Subject<'_>,
        occasion: &Occasion<'_>,
    ) -> Result<StateMachineArn, String> {
        let name = match reference {
            StateMachineReference::Known(name) => name.clone(),
            StateMachineReference::Parameter(path) => {
                let parameter: ParameterReference = path
                    .parse()
                    .map_err(|error: shared::parameters::InvalidReference| Problem::from(error).to_string())?;
                let arrived = subject.arrived_at(self.look_back).unwrap_or(occasion.now);
                // What was read before the image arrived says nothing of then.
                let text = Parameters::new(self.parameters.port(), Duration::ZERO)
                    .text_at(&parameter, arrived, occasion.now)
                    .await
                    .map_err(|problems| problems.to_string())?;
                let name = StateMachineName::parse(text.trim());
                name.map_err(|_| format!("parameter `{path}` holds neither the ARN nor the name of a state machine"))?
            }
        };
        let machine = name.in_place(occasion.place);
        let unqualified = machine.unqualified();
        if !self.is_known_standard(unqualified) {
            match self
                .step_functions
                .describe_state_machine(unqualified)
                .await
                .map_err(|error| error.to_string())?
            {
                StateMachineType::Standard => self.know_standard(unqualified),
                StateMachineType::Express => {
                    return Err(format!("`{unqualified}` is Express: only Standard starts once"));
                }
            }
        }
        Ok(machine)
    }

    /// Starts the execution for an image, unless it is there.
    async fn start(
        &self,
        image: &Image,
        rule: &Rule,
        machine: &StateMachineArn,
        occasion: &mut Occasion<'_>,
    ) -> Outcome {
        let name = image.execution_name(machine, &rule.input);
        let execution_arn = machine.execution_arn(&name);
        if let Some(left) = occasion.budget
            && let Err(outcome) = self.is_missing(&execution_arn, left).await
        {
            return outcome;
        }
        let input = image.input(occasion.place, &rule.input);
        let started = self
            .step_functions
            .start_execution(&machine.to_string(), &name, &input)
            .await;
        match started {
            Ok(started) => {
                // Step Functions answers with an execution that runs already as if it had just been started. A look has
                // asked before whether there is one.
                let was_there = occasion.budget.is_none() && started.started_at < occasion.now;
                occasion.budget = occasion.budget.map(|left| left.saturating_sub(1));
                let execution_arn = started.execution_arn;
                if was_there {
                    Outcome::Adopted { execution_arn }
                } else {
                    Outcome::Started { execution_arn }
                }
            }
            // The name is made of what the execution is for, so who bears it is the one.
            Err(error) if error.is("ExecutionAlreadyExists") => Outcome::Adopted { execution_arn },
            Err(error) => Outcome::failed(error),
        }
    }

    /// Nothing, if a look is to start this execution; otherwise what is to be said of it.
    async fn is_missing(&self, execution_arn: &str, left: usize) -> Result<(), Outcome> {
        if left == 0 {
            return Err(left_for_the_next());
        }
        match self.step_functions.describe_execution(execution_arn).await {
            Ok(_) => Err(Outcome::Ignored {
                reason: format!("it has an execution, `{execution_arn}`"),
            }),
            Err(error) if error.kind == CallErrorKind::NotFound => Ok(()),
            Err(error) => Err(Outcome::failed(error)),
        }
    }
}

/// What a look says of an image that it has no more starts for.
pub(crate) fn left_for_the_next() -> Outcome {
    Outcome::ignored("this look has started as many as it may: it is left for the next")
}

impl Subject<'_> {
    /// When it arrived, whoever asks: when the registry took it, which is all that a look knows. A tag that comes when no look
    /// would find the image any more arrives when its event says.
    fn arrived_at(&self, look_back: Duration) -> Option<Timestamp> {
        match (self.image.pushed_at, self.arrived) {
            (Some(pushed), Some(arrived)) if arrived.since(pushed) > look_back => Some(arrived),
            (pushed, arrived) => pushed.or(arrived),
        }
    }

    /// What is run in this image's place: itself, or one of the images that it lists.
    fn to_run(&self, digest: String, media_type: Option<String>) -> Image {
        Image {
            repository: self.repository.clone(),
            digest,
            tag: self.tag.map(str::to_owned),
            pushed_at: self.image.pushed_at,
            media_type,
        }
    }

    /// What became of this image for a rule.
    pub(crate) fn decision(&self, rule: &Numbered<'_>, outcome: Outcome) -> Decision {
        let tag = self.tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let image = format!("{}{tag}@{}", self.repository.name, self.image.digest);
        Decision::new(rule, Some(image), outcome)
    }
}
