//! Which state machine is meant: from a reference to an ARN.

use std::time::Duration;

use serde_json::{Value, json};
use thiserror::Error;

use super::reference::{StateMachineArn, StateMachineName, StateMachineReference};
use crate::parameters::{GetParameters, ParameterReference, Parameters, Problem, Problems};
use crate::place::Place;
use crate::time::Timestamp;

/// What is needed to say which state machine a reference means.
///
/// A parameter can change at any time, so there are three questions: what does it name now, what did it name at a
/// moment, and what has it named since a moment. Nothing is cached: each question reads Parameter Store.
#[derive(Debug)]
pub struct StateMachines<'a, P> {
    place: Option<&'a Place>,
    parameters: Parameters<&'a P>,
    now: Timestamp,
}

/// Why it cannot be said which state machine is meant. A parameter's value is never quoted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotResolved {
    /// A parameter cannot be read.
    #[error(transparent)]
    Parameter(#[from] Problems),
    /// The parameter can be read, but its value is something else.
    #[error("parameter `{0}` holds neither the ARN nor the name of a state machine")]
    NoStateMachine(String),
    /// It is a name, and the function does not know in which region and account.
    #[error("the function cannot tell its account and region: give `stateMachine` as an ARN")]
    NoPlace,
    /// It is in another region than the one that the function calls.
    #[error(
        "state machine `{arn}` is in `{region}`, but this function calls `{called}`: use a function of that region"
    )]
    OtherRegion {
        /// The state machine.
        arn: StateMachineArn,
        /// Its region.
        region: String,
        /// The region that the function calls.
        called: String,
    },
}

impl<'a, P: GetParameters> StateMachines<'a, P> {
    /// For a function that runs in this place, if it knows its place, and reads parameters through `port`.
    pub fn new(place: Option<&'a Place>, port: &'a P, now: Timestamp) -> Self {
        Self {
            place,
            parameters: Parameters::new(port, Duration::ZERO),
            now,
        }
    }

    /// The state machine that is meant now. `value` comes back with a parameter's value for every `{{ssm:/path}}` in
    /// it. All parameters are read together, and all problems come in one error.
    ///
    /// # Errors
    /// [`NotResolved`] when a parameter cannot be read, or does not name a state machine.
    pub async fn meant_now(
        &self,
        reference: &StateMachineReference,
        value: Value,
    ) -> Result<(StateMachineArn, Value), NotResolved> {
        let wanted = match reference {
            StateMachineReference::Parameter(path) => {
                json!({"machine": format!("{{{{ssm:{path}}}}}"), "value": value})
            }
            StateMachineReference::Known(_) => json!({"value": value}),
        };
        let mut found = self.parameters.fill_in(wanted, self.now).await?;
        let name = match reference {
            StateMachineReference::Known(name) => name.clone(),
            StateMachineReference::Parameter(path) => name_in(path, found["machine"].as_str().unwrap_or_default())?,
        };
        Ok((name.locate(self.place)?, found["value"].take()))
    }

    /// The state machine that was meant at a moment: whoever asks again about the same moment gets the same answer,
    /// however often the parameter has changed since.
    ///
    /// # Errors
    /// [`NotResolved`] when the parameter cannot be read, or did not name a state machine.
    pub async fn meant_at(
        &self,
        reference: &StateMachineReference,
        moment: Timestamp,
    ) -> Result<StateMachineArn, NotResolved> {
        let name = match reference {
            StateMachineReference::Known(name) => name.clone(),
            StateMachineReference::Parameter(path) => {
                let parameter = parameter(path)?;
                let text = self.parameters.text_at(&parameter, moment, self.now).await?;
                name_in(path, &text)?
            }
        };
        name.locate(self.place)
    }

    /// All state machines that have been meant since a moment. The one that is meant now comes first. Values of the
    /// parameter that do not name a state machine are left out, and so are names if the place is not known.
    ///
    /// # Errors
    /// [`Problems`] when the parameter cannot be read.
    pub async fn meant_since(
        &self,
        reference: &StateMachineReference,
        moment: Timestamp,
    ) -> Result<Vec<StateMachineArn>, Problems> {
        let names = match reference {
            StateMachineReference::Known(name) => vec![name.clone()],
            StateMachineReference::Parameter(path) => {
                let parameter = parameter(path)?;
                let texts = self.parameters.texts_since(&parameter, moment, self.now).await?;
                texts.iter().filter_map(|text| name_in(path, text).ok()).collect()
            }
        };
        let arns = names.into_iter().map(|name| name.locate(self.place));
        Ok(arns.filter_map(Result::ok).collect())
    }
}

impl StateMachineName {
    /// The ARN. A name is completed by the place where the function runs.
    ///
    /// # Errors
    /// [`NotResolved::NoPlace`] for a name without a place.
    pub fn locate(self, place: Option<&Place>) -> Result<StateMachineArn, NotResolved> {
        match (self, place) {
            (Self::Arn(arn), _) => Ok(arn),
            (name @ Self::Name(_), Some(place)) => Ok(name.in_place(place)),
            (Self::Name(_), None) => Err(NotResolved::NoPlace),
        }
    }
}

impl StateMachineArn {
    /// The same ARN, if a function that runs in this place can call it: a client calls one region.
    ///
    /// # Errors
    /// [`NotResolved::OtherRegion`] for a state machine of another region.
    pub fn called_from(self, here: Option<&Place>) -> Result<Self, NotResolved> {
        match (self.place(), here) {
            (Some(there), Some(here)) if there.region != here.region => Err(NotResolved::OtherRegion {
                arn: self,
                region: there.region,
                called: here.region.clone(),
            }),
            _ => Ok(self),
        }
    }
}

fn parameter(path: &str) -> Result<ParameterReference, Problems> {
    Ok(path.parse().map_err(Problem::from)?)
}

/// The ARN or the name in a parameter's value.
fn name_in(path: &str, value: &str) -> Result<StateMachineName, NotResolved> {
    StateMachineName::parse(value.trim()).map_err(|_| NotResolved::NoStateMachine(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::fake::ParameterStore;

    const HERE: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";
    const ML: &str = "arn:aws:states:us-east-1:123456789012:stateMachine:ml";

    fn reference(text: &str) -> StateMachineReference {
        StateMachineReference::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_name_an_arn_and_a_parameter_mean_the_same_whichever_question_is_asked() {
        let store = ParameterStore::new();
        store.put_string("/name", " ml\n").put_string("/arn", ML);
        let place = Place::of_arn(HERE);
        let machines = StateMachines::new(place.as_ref(), &store, Timestamp::default());
        for text in ["ml", ML, "ssm:/name", "ssm:/arn"] {
            let reference = reference(text);
            let input = json!({"name": "{{ssm:/name}}"});
            let (now, filled) = machines.meant_now(&reference, input).await.unwrap();
            assert_eq!((now.to_string(), filled), (ML.to_owned(), json!({"name": " ml\n"})));
            assert_eq!(
                machines.meant_at(&reference, Timestamp::default()).await,
                Ok(now.clone())
            );
            assert_eq!(
                machines.meant_since(&reference, Timestamp::default()).await,
                Ok(vec![now])
            );
        }
    }

    #[tokio::test]
    async fn what_is_wrong_is_said_without_the_value() {
        let store = ParameterStore::new();
        store.put_string("/prose", "hush hush").put_string("/name", "ml");
        let machines = StateMachines::new(None, &store, Timestamp::default());
        for (text, expected) in [
            (
                "ssm:/prose",
                "parameter `/prose` holds neither the ARN nor the name of a state machine",
            ),
            (
                "ssm:/name",
                "the function cannot tell its account and region: give `stateMachine` as an ARN",
            ),
            ("ssm:/none", "there is no parameter `/none`"),
        ] {
            let reference = reference(text);
            let now = machines.meant_now(&reference, Value::Null).await.unwrap_err();
            let then = machines.meant_at(&reference, Timestamp::default()).await.unwrap_err();
            assert_eq!(
                (now.to_string(), then.to_string()),
                (expected.to_owned(), expected.to_owned())
            );
        }
        for (text, names_one) in [("ssm:/prose", false), ("ssm:/name", false), (ML, true)] {
            let since = machines.meant_since(&reference(text), Timestamp::default()).await;
            assert_eq!(since.map(|found| !found.is_empty()), Ok(names_one), "{text}");
        }
    }

    #[test]
    fn another_region_is_refused_where_the_own_one_is_known() {
        let arn = StateMachineArn::parse(ML).unwrap();
        let elsewhere = Place::of_region("eu-west-1", "123456789012");
        assert_eq!(arn.clone().called_from(Place::of_arn(HERE).as_ref()), Ok(arn.clone()));
        assert_eq!(arn.clone().called_from(None), Ok(arn.clone()));
        let message = arn.called_from(Some(&elsewhere)).unwrap_err().to_string();
        assert!(
            message.ends_with("is in `us-east-1`, but this function calls `eu-west-1`: use a function of that region"),
            "{message}"
        );
    }
}
