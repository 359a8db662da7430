//! What the templates plan for an environment: their resources, expanded by SAM's rules and with every function resolved.
//!
//! Nothing is created. Where a resource refers to another one, it gets what AWS would give, by the name that the other
//! one has.

use super::house::root;
use platform::account::Account;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use stepline::template::{Made, Resource, SamConfig, Stack};

/// The environments that are checked.
pub(crate) const ENVIRONMENTS: [&str; 2] = ["dev", "prod"];

/// The template of the functions and the state machine.
pub(crate) const TEMPLATE: &str = "sam/template.yaml";

/// The template of the service.
pub(crate) const SERVING: &str = "sam/serving.yaml";

/// The template of the pipeline.
pub(crate) const PIPELINE: &str = "sam/pipeline.yaml";

/// The definition of the sample that says hello.
pub(crate) const SAMPLE: &str = "statemachine/ml-pipeline.asl.json";

/// The definition of the training pipeline.
pub(crate) const TRAINING: &str = "statemachine/training-pipeline.asl.json";

/// The definition of what gives a model to the service.
pub(crate) const DEPLOYMENT: &str = "statemachine/deploy-service.asl.json";

/// The file of a state machine's definition.
fn file_of(id: &str) -> &'static str {
    match id {
        "MlPipelineStateMachine" => SAMPLE,
        "RecordApprovalStateMachine" => "statemachine/record-approval.asl.json",
        "TrainingPipelineStateMachine" => TRAINING,
        "DeployServiceStateMachine" => DEPLOYMENT,
        other => panic!("say here which file {other} is defined in"),
    }
}

/// A state machine's definition as AWS gets it.
fn filled(machine: &Resource) -> Value {
    let mut text = match &machine.properties["DefinitionString"] {
        Value::String(text) => text.clone(),
        definition => definition.to_string(),
    };
    let substitutions = machine
        .properties
        .get("DefinitionSubstitutions")
        .and_then(Value::as_object);
    for (name, value) in substitutions.into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text = text.replace(&format!("${{{name}}}"), &value);
    }
    serde_json::from_str(&text).expect("the definition is JSON")
}

/// The resources of an environment, those of all its stacks.
pub(crate) struct Planned(Vec<Resource>);

/// What is planned for an environment.
pub(crate) fn planned(environment: &str) -> &'static Planned {
    static PLANS: [OnceLock<Planned>; ENVIRONMENTS.len()] = [const { OnceLock::new() }; ENVIRONMENTS.len()];
    let index = ENVIRONMENTS.iter().position(|known| *known == environment);
    PLANS[index.expect("one of the environments that are checked")].get_or_init(|| plan(environment, &[], &[]))
}

/// What is planned for an environment whose pipeline starts the sample.
pub(crate) fn of_sample(environment: &str) -> &'static Planned {
    static PLANS: [OnceLock<Planned>; ENVIRONMENTS.len()] = [const { OnceLock::new() }; ENVIRONMENTS.len()];
    let index = ENVIRONMENTS.iter().position(|known| *known == environment);
    let sample = [("Machine", "hello")];
    PLANS[index.expect("one of the environments that are checked")].get_or_init(|| plan(environment, &sample, &sample))
}

/// What is planned for an environment, for each way to wait for an execution: by polling, as it is, and by event.
pub(crate) fn both_ways(environment: &str) -> [&'static Planned; 2] {
    static PLANS: [OnceLock<Planned>; ENVIRONMENTS.len()] = [const { OnceLock::new() }; ENVIRONMENTS.len()];
    let index = ENVIRONMENTS.iter().position(|known| *known == environment);
    let place = &PLANS[index.expect("one of the environments that are checked")];
    [
        planned(environment),
        place.get_or_init(|| plan(environment, &[], &[("Wait", "event")])),
    ]
}

/// The resources, with these values of the parameters of both stacks in the place of those of `samconfig.toml`.
fn plan(environment: &str, of_environment: &[(&str, &str)], of_pipeline: &[(&str, &str)]) -> Planned {
    let config = SamConfig::read(&root().join("sam/samconfig.toml")).expect("samconfig.toml can be read");
    let names = [
        environment.to_owned(),
        format!("serving-{environment}"),
        format!("pipeline-{environment}"),
    ];
    let mut resources = Vec::new();
    for name in names {
        let mut deployed = config.deployed(&name).unwrap_or_else(|error| panic!("{error}"));
        let given: Vec<(&str, &str)> = match name.split_once('-') {
            None => of_environment.to_vec(),
            Some(("pipeline", _)) => [("Serving", "ecs")].iter().chain(of_pipeline).copied().collect(),
            Some(_) => Vec::new(),
        };
        let values = given.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        deployed.values.extend(values);
        let exports = BTreeMap::new();
        let mut stack = Stack::open(&deployed, &Account::local(), &exports).unwrap_or_else(|error| panic!("{error}"));
        for id in stack.order().to_vec() {
            let resource = stack.resource(&id).unwrap_or_else(|error| panic!("{error}"));
            stack.made(&id, made(&resource));
            resources.push(resource);
        }
    }
    Planned(resources)
}

impl Planned {
    /// The resources of a type.
    pub(crate) fn of<'p>(&'p self, kind: &'p str) -> impl Iterator<Item = &'p Resource> {
        self.0.iter().filter(move |resource| resource.kind == kind)
    }

    /// All resources.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Resource> {
        self.0.iter()
    }

    /// The only resource of a type.
    pub(crate) fn the(&self, kind: &str) -> &Resource {
        let all: Vec<&Resource> = self.0.iter().filter(|resource| resource.kind == kind).collect();
        let [one] = all.as_slice() else {
            panic!("the templates have {} of {kind} instead of one", all.len())
        };
        one
    }

    /// The build project that runs this file.
    pub(crate) fn project(&self, buildspec: &str) -> &Resource {
        let mut projects = self.of("AWS::CodeBuild::Project");
        let found = projects.find(|project| project.properties["Source"]["BuildSpec"] == buildspec);
        found.unwrap_or_else(|| panic!("{PIPELINE} has no build project that runs {buildspec}"))
    }

    /// The repository that builds push to, and the one of releases.
    pub(crate) fn repositories(&self) -> (&Resource, &Resource) {
        let project = &self.project("config/buildspec.yml").properties;
        let variables = project["Environment"]["EnvironmentVariables"].as_array();
        let mut variables = variables.into_iter().flatten();
        let pushed_to = variables.find(|variable| variable["Name"] == "REPOSITORY_NAME");
        let pushed_to = pushed_to.and_then(|variable| variable["Value"].as_str());
        let (builds, releases): (Vec<_>, Vec<_>) = self
            .of("AWS::ECR::Repository")
            .partition(|repository| name_of(repository) == pushed_to);
        match (builds.as_slice(), releases.as_slice()) {
            ([builds], [releases]) => (builds, releases),
            _ => panic!("{PIPELINE} has not one repository of builds and one of releases"),
        }
    }

    /// The names of the parameters that are created.
    pub(crate) fn parameters(&self) -> Vec<&str> {
        self.of("AWS::SSM::Parameter")
            .filter_map(|parameter| name_of(parameter))
            .collect()
    }

    /// The sample's definition, with its substitutions filled in.
    pub(crate) fn definition(&self) -> Value {
        let mut definitions = self.definitions().into_iter();
        let sample = definitions.find(|(file, _)| *file == SAMPLE);
        sample.expect("the sample is deployed").1
    }

    /// The definition of what gives a model to the service.
    pub(crate) fn deployment(&self) -> Value {
        let mut definitions = self.definitions().into_iter();
        let deployment = definitions.find(|(file, _)| *file == DEPLOYMENT);
        deployment.expect("the service is deployed").1
    }

    /// The definition of what the pipeline starts.
    pub(crate) fn started(&self) -> Value {
        let named = |parameter: &&Resource| name_of(parameter).is_some_and(|name| name.ends_with("/state-machine"));
        let parameter = self.of("AWS::SSM::Parameter").find(named);
        let arn = parameter.and_then(|parameter| parameter.properties["Value"].as_str());
        let is_it = |machine: &&Resource| {
            let name = name_of(machine).unwrap_or_default();
            arn.is_some_and(|arn| arn.ends_with(&format!(":{name}:live")))
        };
        filled(
            self.of("AWS::StepFunctions::StateMachine")
                .find(is_it)
                .expect("a state machine"),
        )
    }

    /// The state machines' definitions, each by its file, with their substitutions filled in.
    pub(crate) fn definitions(&self) -> Vec<(&'static str, Value)> {
        let machines = self.of("AWS::StepFunctions::StateMachine");
        machines
            .map(|machine| (file_of(&machine.id), filled(machine)))
            .collect()
    }

    /// The pipeline's actions in their order.
    pub(crate) fn actions(&self) -> Vec<Value> {
        let pipeline = self.the("AWS::CodePipeline::Pipeline");
        let stages = pipeline.properties["Stages"].as_array().cloned().unwrap_or_default();
        stages
            .iter()
            .flat_map(|stage| stage["Actions"].as_array().cloned().unwrap_or_default())
            .collect()
    }
}

/// A name that a template gives a resource.
pub(crate) fn name_of(resource: &Resource) -> Option<&str> {
    const NAMES: [&str; 15] = [
        "Name",
        "ClusterName",
        "Family",
        "GroupName",
        "ServiceName",
        "FunctionName",
        "StateMachineName",
        "RoleName",
        "QueueName",
        "LogGroupName",
        "BucketName",
        "RepositoryName",
        "AlarmName",
        "PolicyName",
        "ModelPackageGroupName",
    ];
    NAMES.iter().find_map(|name| resource.properties.get(*name)?.as_str())
}

/// What AWS would say of a resource, by its name.
fn made(resource: &Resource) -> Made {
    let account = Account::local();
    let name = name_of(resource).unwrap_or(&resource.id);
    let arn = match resource.kind.as_str() {
        "AWS::Lambda::Function" => account.arn("lambda", format_args!("function:{name}")),
        "AWS::StepFunctions::StateMachine" => account.arn("states", format_args!("stateMachine:{name}")),
        "AWS::IAM::Role" => account.global_arn("iam", format_args!("role/{name}")),
        "AWS::Events::Rule" => account.arn("events", format_args!("rule/{name}")),
        "AWS::SQS::Queue" => account.arn("sqs", name),
        "AWS::S3::Bucket" => account.s3_arn(name, None),
        "AWS::ECR::Repository" => account.arn("ecr", format_args!("repository/{name}")),
        "AWS::CodeBuild::Project" => account.arn("codebuild", format_args!("project/{name}")),
        _ => account.arn("other", name),
    };
    let reference = match resource.kind.as_str() {
        "AWS::StepFunctions::StateMachine" => arn.clone(),
        _ => name.to_owned(),
    };
    Made::new(reference)
        .with("Arn", arn)
        .with("Name", name)
        .with("QueueName", name)
        .with("StateMachineRevisionId", "1")
        .with("DNSName", format!("{name}.elb.amazonaws.com"))
        .with("GroupId", format!("sg-{name}"))
        .with("LoadBalancerFullName", format!("app/{name}"))
        .with("TargetGroupFullName", format!("targetgroup/{name}"))
        .with("RepositoryUri", format!("{}/{name}", account.registry()))
}
