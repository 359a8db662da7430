//! People, who do what they do at any moment, also between two calls of one invocation.

use shared::ports::code_pipeline::ActionStatus;
use std::time::Duration;

use crate::account::Account;
use crate::act::Act;
use crate::happening::{Delivery, Happening};
use crate::kept::pipelines::Kind;
use crate::kept::registry::Pushed;
use crate::scenario::{MACHINE_PARAMETER, RULES_PARAMETER, Subject};

/// What people do about a pipeline; the plainest first.
const AT_PIPELINES: [Act; 12] = [
    Act::RetryAll,
    Act::RetryFailed,
    Act::RetryAll,
    Act::RetryFailed,
    Act::Abandon,
    Act::Abandon,
    Act::MoveParameter,
    Act::RedriveByHand,
    Act::StopByHand,
    Act::Redeliver,
    Act::Deploy,
    Act::Release,
];
const AT_APPROVALS: [Act; 2] = [Act::Reject, Act::Approve];
const AT_IMAGES: [Act; 9] = [
    Act::PushImage,
    Act::PushIndex,
    Act::MoveTag,
    Act::InsertRule,
    Act::PushSignature,
    Act::MoveParameter,
    Act::Deploy,
    Act::Redeliver,
    Act::PushImage,
];
const AT_PARAMETERS: [Act; 2] = [Act::MoveParameter, Act::Deploy];

impl Account {
    /// Draws what people will do in this schedule: at some time, or right after some effect of a call.
    pub(crate) fn people_decide(&mut self) {
        let mut acts: Vec<Act> = match self.scenario.subject {
            Subject::Images => AT_IMAGES.to_vec(),
            Subject::Parameters => AT_PARAMETERS.to_vec(),
            Subject::Pipeline { .. } => AT_PIPELINES.to_vec(),
        };
        if self.scenario.waits_by_event() {
            acts.extend(AT_APPROVALS);
        }
        for _ in 0..self.tape.choose(6) {
            let act = self.tape.pick(&acts);
            if self.tape.choose(3) == 2 {
                let effects = 1 + u64::from(self.tape.choose(60));
                self.in_between.push((effects, act));
            } else {
                let when = match self.tape.choose(3) {
                    0 => self.tape.seconds(10, 900),
                    1 => self.tape.seconds(300, 7_200),
                    _ => self.tape.seconds(3_600, 36_000),
                };
                self.after(when, Happening::Acts(act));
            }
        }
    }

    /// Somebody acts, if there is anything to act on.
    pub(crate) fn act(&mut self, act: Act) {
        if self.does(act) {
            let name = match act {
                Act::MendPolicy(_) => "MendPolicy".to_owned(),
                act => format!("{act:?}"),
            };
            self.figures.count(&format!("people: {name}"));
        }
    }

    fn does(&mut self, act: Act) -> bool {
        match act {
            Act::RetryAll => self.retry_stage(true),
            Act::RetryFailed => self.retry_stage(false),
            Act::Abandon => self.abandon(),
            Act::Approve => self.answer_by_hand(ActionStatus::Succeeded),
            Act::Reject => self.answer_by_hand(ActionStatus::Failed),
            Act::MoveParameter => self.move_parameter(),
            Act::MendPolicy(operation) => {
                self.tell(|| format!("somebody mends the policy that denied {operation}"));
                self.denied.remove(operation)
            }
            Act::InsertRule => self.insert_rule(),
            // The processes are replaced by who runs them.
            Act::Deploy => true,
            Act::PushImage => {
                let kind = self.tape.pick(&[Pushed::Docker, Pushed::Oci]);
                self.push_and_tell(kind)
            }
            Act::PushIndex => self.push_and_tell(Pushed::Index),
            Act::PushSignature => self.push_and_tell(Pushed::Signature),
            Act::MoveTag => self.move_tag(),
            Act::RedriveByHand => self.redrive_by_hand(),
            Act::StopByHand => self.stop_one_by_hand(),
            Act::Redeliver => self.redeliver(),
            Act::Release => self.release_another(),
        }
    }

    fn answer_by_hand(&mut self, status: ActionStatus) -> bool {
        let asked = self
            .pipelines
            .approval()
            .and_then(|action| self.pipelines.last_run(action));
        let Some(run) = asked.filter(|run| self.pipelines.runs[*run].is_live()) else {
            return false;
        };
        self.tell(|| format!("somebody answers the approval: {status:?}"));
        self.run_ends(run, status);
        true
    }

    fn move_parameter(&mut self) -> bool {
        let name = match self.scenario.subject {
            Subject::Parameters => "/sim/a",
            Subject::Images | Subject::Pipeline { .. } => MACHINE_PARAMETER,
        };
        let was = self.parameters.values(name).len();
        let value = match self.scenario.subject {
            Subject::Parameters => format!("value-{was}"),
            _ if was % 2 == 1 => "ml-2".to_owned(),
            _ => "ml".to_owned(),
        };
        self.tell(|| format!("somebody moves parameter {name} to {value}"));
        self.parameters.put(name, &value, self.now);
        true
    }

    fn insert_rule(&mut self) -> bool {
        self.scenario.rules += 1;
        let rules = self.scenario.rules_text();
        self.tell(|| format!("somebody inserts a rule in front: {rules}"));
        self.parameters.put(RULES_PARAMETER, &rules, self.now);
        true
    }

    /// Somebody pushes an image under a tag.
    fn push_and_tell(&mut self, kind: Pushed) -> bool {
        let repository = self.tape.pick(&["ml", "web"]);
        let tag = self
            .tape
            .pick(&[Some("release-1"), Some("release-2"), Some("dev"), None]);
        let digests = self.push(repository, tag, kind);
        let last = digests.len() - 1;
        self.tell(|| {
            format!(
                "somebody pushes {kind:?} {repository}:{} ({})",
                tag.unwrap_or("-"),
                short(&digests[last])
            )
        });
        for (at, digest) in digests.iter().enumerate() {
            self.pushed_event(repository, digest, tag.filter(|_| at == last));
        }
        true
    }

    fn move_tag(&mut self) -> bool {
        let repository = self.tape.pick(&["ml", "web"]);
        let images = self.registry.repositories.get(repository).into_iter().flatten();
        let own: Vec<String> = images
            .filter(|image| !image.is_child)
            .map(|image| image.digest.clone())
            .collect();
        if own.is_empty() {
            return false;
        }
        let digest = own[self.tape.choose(u32::try_from(own.len()).unwrap_or(1)) as usize].clone();
        let tag = self.tape.pick(&["release-1", "dev"]);
        self.tell(|| format!("somebody moves tag {tag} of {repository} to {}", short(&digest)));
        self.tag(repository, &digest, tag);
        self.pushed_event(repository, &digest, Some(tag));
        true
    }

    fn redrive_by_hand(&mut self) -> bool {
        let some = (0..self.states.executions.len())
            .rev()
            .find(|id| self.is_redrivable(*id));
        let Some(id) = some else { return false };
        self.tell(|| "somebody redrives an execution by hand".to_owned());
        self.states.executions[id].by_hand = true;
        self.redrive(id);
        true
    }

    fn stop_one_by_hand(&mut self) -> bool {
        let Some(id) = self.states.executions.iter().rposition(|execution| execution.runs()) else {
            return false;
        };
        self.tell(|| "somebody stops an execution by hand".to_owned());
        self.stop_by_hand(id);
        true
    }

    /// Somebody has Lambda try once more what it gave up.
    fn redeliver(&mut self) -> bool {
        let Some(failed) = self.failed_events.last() else {
            return false;
        };
        let delivery = Delivery {
            attempt: 1,
            again: true,
            ..failed.delivery.clone()
        };
        self.tell(|| "somebody delivers a failed event again".to_owned());
        self.after(Duration::from_secs(1), Happening::Called(delivery));
        true
    }

    /// Another change takes the place of one whose stage has failed.
    fn release_another(&mut self) -> bool {
        let is_free = self
            .pipelines
            .actions
            .iter()
            .any(|action| action.kind != Kind::Approval)
            && self.pipelines.runs.iter().all(|run| !run.is_live())
            && self.pipelines.executions.len() < 3;
        if is_free {
            self.release();
        }
        is_free
    }
}

/// The end of a digest, which tells it from others.
pub(crate) fn short(digest: &str) -> &str {
    &digest[digest.len().saturating_sub(4)..]
}
