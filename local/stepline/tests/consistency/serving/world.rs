//! ECS, SageMaker and the function, in the few facts that the definition reads.

use crate::planned::planned;
use serde_json::{Value, json};
use states_language::{
    Clock, Execution, Failure, Json, StartOptions, StateMachine, TaskRequest, VirtualClock, run_to_end,
};

/// The model that is deployed.
pub(crate) const NEW: &str = "arn:aws:sagemaker:us-east-1:123456789012:model-package/ml-pipeline-dev/2";

/// The image that it was trained with.
pub(crate) const IMAGE: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev@sha256:b3a3";

/// A task definition of the service's family.
pub(crate) fn revision(number: usize) -> String {
    format!("arn:aws:ecs:us-east-1:123456789012:task-definition/stepline-service-dev:{number}")
}

/// What ECS does with the rollout of a task definition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// It completes at the third look.
    Completes,
    /// Its tasks fail, and the circuit breaker says so.
    Fails,
    /// The same, and ECS goes back by itself.
    IsTakenBack,
    /// It goes on and on.
    Hangs,
    /// Somebody deploys another model meanwhile.
    IsReplaced,
}

/// A deployment of the service.
#[derive(Debug, Clone)]
struct Deployment {
    id: String,
    task_definition: String,
    state: &'static str,
    looks: usize,
}

/// ECS, SageMaker and the function, in short.
pub(crate) struct World {
    /// What the package's status is, look by look; the last one stays.
    pub(crate) statuses: Vec<&'static str>,
    /// What is served before: the revision's model, image and previous revision.
    pub(crate) revisions: Vec<(String, String, String, String)>,
    deployments: Vec<Deployment>,
    count: u64,
    pub(crate) fate: Fate,
    pub(crate) fate_of_rollback: Fate,
    /// What the function answers, call by call; the last one stays.
    pub(crate) asked: Vec<Result<(), (&'static str, &'static str)>>,
    /// What was called, in order.
    calls: Vec<(String, Value)>,
    /// Errors of calls: by state.
    pub(crate) errors: Vec<(&'static str, &'static str, &'static str)>,
}

impl World {
    /// An approved model, and a service that has run nothing.
    pub(crate) fn new() -> Self {
        Self {
            statuses: vec!["Approved"],
            revisions: vec![Default::default()],
            deployments: vec![Deployment {
                id: "ecs-svc/1".to_owned(),
                task_definition: revision(1),
                state: "COMPLETED",
                looks: 0,
            }],
            count: 0,
            fate: Fate::Completes,
            fate_of_rollback: Fate::Completes,
            asked: vec![Ok(())],
            calls: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// The same, but another model is served.
    pub(crate) fn serving(model: &str) -> Self {
        let mut world = Self::new();
        world.revisions[0] = (model.to_owned(), IMAGE.to_owned(), String::new(), String::new());
        world.count = 2;
        world
    }

    pub(crate) fn begin(&mut self, task_definition: &str) {
        let id = format!("ecs-svc/{}", self.deployments.len() + 1);
        self.deployments.push(Deployment {
            id,
            task_definition: task_definition.to_owned(),
            state: "IN_PROGRESS",
            looks: 0,
        });
    }

    /// Time goes on by one look.
    fn look(&mut self) {
        let began_with = revision(1);
        let (fate, last) = match self.deployments.last_mut() {
            Some(last) if last.state == "IN_PROGRESS" => {
                last.looks += 1;
                let is_back = last.task_definition == began_with;
                let fate = if is_back { self.fate_of_rollback } else { self.fate };
                (fate, last)
            }
            _ => return,
        };
        if last.looks < 3 {
            return;
        }
        match fate {
            Fate::Completes => last.state = "COMPLETED",
            Fate::Fails => last.state = "FAILED",
            Fate::Hangs => {}
            Fate::IsTakenBack => {
                last.state = "FAILED";
                self.begin(&began_with);
            }
            Fate::IsReplaced => {
                self.revisions
                    .push(("arn:other/7".to_owned(), IMAGE.to_owned(), String::new(), String::new()));
                let other = revision(self.revisions.len());
                self.fate = Fate::Completes;
                self.begin(&other);
            }
        }
    }

    fn service(&self) -> Value {
        let last = self.deployments.len() - 1;
        let deployments: Vec<Value> = self.deployments.iter().enumerate().rev().take(2).map(|(at, deployment)| {
            json!({
                "Id": deployment.id, "TaskDefinition": deployment.task_definition, "RolloutState": deployment.state,
                "Status": if at == last { "PRIMARY" } else { "ACTIVE" }, "DesiredCount": self.count,
                "RolloutStateReason": format!("ECS deployment {} {}.", deployment.id, deployment.state.to_lowercase()),
            })
        }).collect();
        let mut events = vec![json!({"Id": "e0", "Message": "(service stepline-service-dev) failed long ago."})];
        if self.deployments.iter().any(|deployment| deployment.state == "FAILED") {
            events.insert(0, json!({"Id": "e1", "Message": "(service stepline-service-dev) deployment failed: tasks failed to start."}));
            events.insert(
                1,
                json!({"Id": "e2", "Message": "(service stepline-service-dev) has started 1 tasks."}),
            );
        }
        json!({
            "ServiceArn": "arn:aws:ecs:us-east-1:123456789012:service/stepline-dev/stepline-service-dev",
            "Status": "ACTIVE", "DesiredCount": self.count, "Deployments": deployments, "Events": events,
        })
    }

    fn answer(&mut self, task: &TaskRequest) -> Result<Value, (String, String)> {
        let input = Value::from(&task.parameters);
        self.calls.push((task.state.to_string(), input.clone()));
        if let Some((_, error, cause)) = self.errors.iter().find(|(state, ..)| *state == &*task.state) {
            return Err(((*error).to_owned(), (*cause).to_owned()));
        }
        let text = |field: &str| input[field].as_str().unwrap_or_default().to_owned();
        Ok(match task.resource.rsplit(':').next().unwrap_or_default() {
            "describeExecution" => json!({"Output": json!({"model": {"arn": NEW}}).to_string()}),
            "describeModelPackage" => {
                let status = self.statuses[0];
                if self.statuses.len() > 1 {
                    self.statuses.remove(0);
                }
                json!({
                    "ModelPackageArn": NEW, "ModelPackageVersion": 2, "ModelApprovalStatus": status,
                    "ApprovalDescription": "not better", "CustomerMetadataProperties": {"commit": "3f9d2c1"},
                    "InferenceSpecification": {"Containers": [{"Image": IMAGE}]},
                })
            }
            "getParameters" => json!({"Parameters": [{"Value": "2"}]}),
            "describeServices" => {
                self.look();
                json!({"Services": [self.service()]})
            }
            "describeTaskDefinition" => {
                let number: usize = text("TaskDefinition")
                    .rsplit(':')
                    .next()
                    .unwrap_or_default()
                    .parse()
                    .expect("a number");
                let (model, image, previous, count) = &self.revisions[number - 1];
                let variables = [("MODEL_PACKAGE_ARN", model), ("IMAGE_URI", image)];
                let variables = variables.iter().filter(|(_, value)| !value.is_empty());
                let variables: Vec<Value> = variables
                    .map(|(name, value)| json!({"Name": name, "Value": value}))
                    .collect();
                json!({
                    "TaskDefinition": {"ContainerDefinitions": [{"Name": "serve", "Environment": variables}]},
                    "Tags": [{"Key": "previous-task-definition", "Value": previous}, {"Key": "previous-count", "Value": count}],
                })
            }
            "registerTaskDefinition" => {
                let of = |list: &Value, key: &str, name: &str| {
                    let mut found = list.as_array().into_iter().flatten().filter(|item| item[key] == name);
                    found
                        .next()
                        .and_then(|item| item["Value"].as_str())
                        .unwrap_or_default()
                        .to_owned()
                };
                let variables = &input["ContainerDefinitions"][0]["Environment"];
                let tags = &input["Tags"];
                self.revisions.push((
                    of(variables, "Name", "MODEL_PACKAGE_ARN"),
                    of(variables, "Name", "IMAGE_URI"),
                    of(tags, "Key", "previous-task-definition"),
                    of(tags, "Key", "previous-count"),
                ));
                json!({"TaskDefinition": {"TaskDefinitionArn": revision(self.revisions.len())}})
            }
            "updateService" => {
                self.begin(&text("TaskDefinition"));
                self.count = input["DesiredCount"].as_u64().expect("a count");
                json!({"Service": self.service()})
            }
            "listTasks" => {
                json!({"TaskArns": ["arn:aws:ecs:us-east-1:123456789012:task/stepline-dev/old", "arn:aws:ecs:us-east-1:123456789012:task/stepline-dev/0a1b"]})
            }
            "describeTasks" => json!({"Tasks": [
                {"TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/stepline-dev/old", "TaskDefinitionArn": revision(1), "StoppedReason": "of before"},
                {"TaskArn": "arn:aws:ecs:us-east-1:123456789012:task/stepline-dev/0a1b", "TaskDefinitionArn": revision(self.revisions.len()),
                 "StoppedReason": "Essential container in task exited", "Containers": [{"Name": "serve", "ExitCode": 1}]},
            ]}),
            "invoke" => {
                let answer = self.asked[0];
                if self.asked.len() > 1 {
                    let _ = self.asked.remove(0);
                }
                let payload = json!({"modelPackageArn": NEW, "image": IMAGE});
                return answer
                    .map(|()| json!({"Payload": payload}))
                    .map_err(|(error, message)| {
                        (
                            error.to_owned(),
                            json!({"errorType": error, "errorMessage": message}).to_string(),
                        )
                    });
            }
            "updateModelPackage" => json!({"ModelPackageArn": NEW}),
            other => panic!("{other}"),
        })
    }

    /// Runs the definition: its output, or the error's name and its cause.
    pub(crate) fn run(&mut self, input: &Value) -> Result<Value, (String, String)> {
        let machine =
            StateMachine::parse(&planned("dev").deployment().to_string()).unwrap_or_else(|error| panic!("{error}"));
        let mut clock = VirtualClock::default();
        let mut execution = Execution::start(&machine, StartOptions::default(), &input.to_string(), clock.now())
            .unwrap_or_else(|error| panic!("{error}"));
        let mut answer = |task: &TaskRequest| match self.answer(task) {
            Ok(answer) => Ok(Json::parse(&answer.to_string()).expect("JSON")),
            Err((error, cause)) => Err(Failure::new(error.as_str(), cause.as_str())),
        };
        run_to_end(&mut execution, &mut answer, &mut clock);
        let text = |text: Option<std::sync::Arc<str>>| text.map(|text| text.to_string()).unwrap_or_default();
        match execution.failure().cloned() {
            Some(failure) => Err((text(failure.error), text(failure.cause))),
            None => Ok(serde_json::from_str(&execution.output().expect("an output").to_string()).expect("JSON")),
        }
    }

    /// The same, of the new model.
    pub(crate) fn deploy(&mut self) -> Result<Value, (String, String)> {
        self.run(&json!({"model": {"arn": NEW}, "commit": "3f9d2c1"}))
    }

    pub(crate) fn of(&self, state: &str) -> Vec<&Value> {
        self.calls
            .iter()
            .filter(|(of, _)| of == state)
            .map(|(_, input)| input)
            .collect()
    }

    /// What the service has at the end: the last deployment's task definition, and how many tasks.
    pub(crate) fn ends_with(&self) -> (&str, u64) {
        (
            &self.deployments.last().expect("a deployment").task_definition,
            self.count,
        )
    }
}
