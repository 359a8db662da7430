//! What is there before anything happens.

use std::time::Duration;

use shared::ports::step_functions::StateMachineType;

use crate::account::Account;
use crate::act::Act;
use crate::event_bridge::look;
use crate::happening::{Function, Happening};
use crate::kept::pipelines::{Action, CodePipeline, Kind};
use crate::marked::SEALED;
use crate::scenario::{MACHINE_PARAMETER, RULES_PARAMETER, Subject};

impl Account {
    /// Makes everything that is there before anything happens, and puts the first things on the agenda.
    pub(crate) fn set_up(&mut self) {
        for name in ["ml", "ml-2"] {
            self.states.create(name, StateMachineType::Standard);
        }
        self.states.create("quick", StateMachineType::Express);
        self.parameters.put(MACHINE_PARAMETER, "ml", self.now);
        let scenario = self.scenario.clone();
        self.tell(|| format!("{scenario:?}"));
        let mood = self.mood;
        self.tell(|| format!("{mood:?}"));
        match scenario.subject {
            Subject::Pipeline {
                by_event, two_actions, ..
            } => {
                self.pipelines = CodePipeline::default();
                let action = |name: &str| Action {
                    name: name.to_owned(),
                    kind: Kind::Invoke(scenario.user_parameters(name)),
                };
                self.pipelines.actions.push(action("Train"));
                if two_actions {
                    self.pipelines.actions.push(action("Evaluate"));
                }
                if by_event {
                    self.pipelines.actions.push(Action {
                        name: "Outcome".to_owned(),
                        kind: Kind::Approval,
                    });
                }
                self.after(Duration::from_secs(3600), Happening::Look(Function::PipelineAction));
                self.release();
            }
            Subject::Images => {
                self.registry.repositories.entry("ml").or_default();
                self.registry.repositories.entry("web").or_default();
                self.parameters.put(RULES_PARAMETER, &scenario.rules_text(), self.now);
                self.after(Duration::from_secs(3600), Happening::Look(Function::ImagePush));
                self.after(Duration::from_secs(5), Happening::Acts(Act::PushImage));
            }
            Subject::Parameters => {
                for name in ["a", "b", "tree/one", "tree/two", "tree/three"] {
                    self.parameters.put(&format!("/sim/{name}"), "value-0", self.now);
                }
                self.parameters.put("/sim/secret", SEALED, self.now);
                for _ in 0..=self.tape.choose(5) {
                    let when = self.tape.seconds(1, 300);
                    self.after(when, Happening::Asks);
                }
            }
        }
        self.people_decide();
    }

    /// The event of the schedule of a function.
    pub(crate) fn look_event() -> serde_json::Value {
        look()
    }
}
