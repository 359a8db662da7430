//! What is deployed, multiplied out with the prices.

use super::deployed::Deployed;
use super::jobs::{Job, work};
use super::prices::Prices;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// How long CodePipeline lets an action run that has no limit of its own:
/// <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const ACTION_MINUTES: f64 = 60.0;
/// How long its own action for Step Functions waits for an execution, in the same place.
const EXECUTION_MINUTES: f64 = 7.0 * 24.0 * 60.0;
/// How long it waits for the answer to a job, in the same place.
const JOB_MINUTES: f64 = 20.0;
/// How many seconds passed between two calls of a function that goes on: observed, and promised by nobody.
const POLL_SECONDS: f64 = 28.0;
/// How many states an execution can have at most: its history has 25,000 events, of which each state is two:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const TRANSITIONS: f64 = 12_500.0;
/// How long CodeBuild's projects build and wait where they do not say:
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-codebuild-project.html>.
const BUILD_MINUTES: (f64, f64) = (60.0, 480.0);
/// The hours of a month, as AWS counts them.
const MONTH: f64 = 730.0;

/// One thing that costs money.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The service.
    pub service: &'static str,
    /// What costs.
    pub what: String,
    /// How the sum was computed, or why there is none.
    pub computation: String,
    /// The dollars; none where no price is known.
    pub usd: Option<f64>,
}

/// The most that a run can cost, and what stands and costs without one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bill {
    /// The environment.
    pub environment: String,
    /// The pipeline.
    pub pipeline: String,
    /// The region.
    pub region: String,
    /// One run of the pipeline.
    pub run: Vec<Line>,
    /// An hour of the service.
    pub service_hour: Vec<Line>,
    /// What these sums leave out, and what is uncertain about them.
    pub notes: Vec<String>,
}

impl Bill {
    /// The sum of one run, without what has no price.
    #[must_use]
    pub fn run_usd(&self) -> f64 {
        sum(&self.run)
    }

    /// The sum of an hour of the service.
    #[must_use]
    pub fn service_hour_usd(&self) -> f64 {
        sum(&self.service_hour)
    }

    /// The sum of a month of the service.
    #[must_use]
    pub fn service_month_usd(&self) -> f64 {
        self.service_hour_usd() * MONTH
    }

    /// Whether something has no price.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.run.iter().chain(&self.service_hour).any(|line| line.usd.is_none())
    }
}

fn sum(lines: &[Line]) -> f64 {
    lines.iter().filter_map(|line| line.usd).sum()
}

/// The bill of what is deployed.
pub(super) fn bill(deployed: &Deployed, prices: &Prices) -> Bill {
    let mut writer = Writer {
        deployed,
        prices,
        lines: Vec::new(),
        unconfirmed: BTreeSet::new(),
        notes: BTreeSet::new(),
    };
    for (stage, action) in &deployed.actions {
        writer.action(stage, action);
    }
    let records = deployed.actions.iter().any(|(stage, _)| stage == "Approve");
    let recorder = format!("ml-pipeline-record-approval-{}", deployed.environment);
    if records && deployed.definitions.contains_key(&recorder) {
        writer.transitions("the answer to Approve", &recorder);
    }
    let run = std::mem::take(&mut writer.lines);
    writer.service();
    let service_hour = std::mem::take(&mut writer.lines);
    Bill {
        environment: deployed.environment.clone(),
        pipeline: deployed.pipeline.clone(),
        region: deployed.region.clone(),
        run,
        service_hour,
        notes: writer.all_notes(),
    }
}

struct Writer<'b> {
    deployed: &'b Deployed,
    prices: &'b Prices,
    lines: Vec<Line>,
    unconfirmed: BTreeSet<String>,
    notes: BTreeSet<String>,
}

impl Writer<'_> {
    /// A line: so much of what has this price. `how` says the quantity in words.
    fn write(&mut self, service: &'static str, what: String, (quantity, how): (Option<f64>, String), price: &str) {
        let region = &self.deployed.region;
        let (computation, usd) = match (self.prices.of(region, price), quantity) {
            (None, _) => (format!("{how}: no price known for {price} in {region}"), None),
            (Some(_), None) => (format!("{how}: how much is not known before it runs"), None),
            (Some(price), Some(quantity)) => {
                if !price.confirmed {
                    self.unconfirmed.insert(price.name.clone());
                }
                let article = if price.per.starts_with('h') { "an" } else { "a" };
                let computation = format!("{how} × ${} {article} {}", price.usd, price.per);
                (computation, Some(quantity * price.usd))
            }
        };
        self.lines.push(Line {
            service,
            what,
            computation,
            usd,
        });
    }

    fn action(&mut self, stage: &str, action: &Value) {
        let name = match action["name"].as_str() {
            Some(name) if name != stage => format!("{stage} {name}"),
            _ => stage.to_owned(),
        };
        let configuration = &action["configuration"];
        let minutes = match action["actionTypeId"]["provider"].as_str().unwrap_or_default() {
            // https://aws.amazon.com/codepipeline/pricing/: approvals and custom actions are not charged.
            "Manual" => return,
            "CodeBuild" => self.build(&name, configuration["ProjectName"].as_str().unwrap_or_default()),
            "Lambda" => self.invocation(&name, configuration),
            "StepFunctions" => {
                let reference = configuration["StateMachineArn"].as_str().unwrap_or_default();
                self.machine(&name, &self.deployed.machine(reference));
                EXECUTION_MINUTES
            }
            _ => ACTION_MINUTES,
        };
        let quantity = (Some(minutes), format!("{minutes} minutes"));
        self.write("CodePipeline", name, quantity, "codepipeline.v2.action");
    }

    /// A build. Gives the minutes of its action.
    fn build(&mut self, name: &str, project: &str) -> f64 {
        let project = self.deployed.projects.get(project).cloned().unwrap_or_default();
        let minutes = project["timeoutInMinutes"].as_f64().unwrap_or(BUILD_MINUTES.0);
        let queued = project["queuedTimeoutInMinutes"].as_f64().unwrap_or(BUILD_MINUTES.1);
        let text = |name: &str| project["environment"][name].as_str().unwrap_or_default();
        let price = format!("codebuild.{}.{}", text("type"), text("computeType"));
        let how = format!("{minutes} minutes of {}", text("computeType"));
        self.write("CodeBuild", name.to_owned(), (Some(minutes), how), &price);
        minutes + queued
    }

    /// A function that answers a job, and the state machine that it starts. Gives the minutes of its action.
    fn invocation(&mut self, name: &str, configuration: &Value) -> f64 {
        let given = configuration["UserParameters"].as_str().unwrap_or_default();
        let given: Value = serde_json::from_str(given).unwrap_or_default();
        let lasts = given["timeoutMinutes"].as_f64().unwrap_or(1430.0);
        let waits_by_event = !given["approval"].is_null();
        let calls = if waits_by_event {
            // The job, the approval that is asked for, the end of the execution, and a look each hour.
            3.0 + (lasts / 60.0).ceil()
        } else {
            (lasts * 60.0 / POLL_SECONDS).ceil() + 1.0
        };
        let function = configuration["FunctionName"].as_str().unwrap_or_default();
        self.calls(name, function, calls);
        if let Some(reference) = given["stateMachine"].as_str() {
            self.machine(name, &self.deployed.machine(reference));
        }
        if waits_by_event { JOB_MINUTES } else { lasts }
    }

    fn calls(&mut self, name: &str, function: &str, calls: f64) {
        let known = self.deployed.functions.get(function).cloned().unwrap_or_default();
        let (seconds, memory) = (known["Timeout"].as_f64(), known["MemorySize"].as_f64());
        let architecture = known["Architectures"][0].as_str().unwrap_or("x86_64");
        let how = format!("{calls} calls of {function}");
        let requests = (Some(calls), how.clone());
        self.write("Lambda", name.to_owned(), requests, "lambda.request");
        let quantity = seconds
            .zip(memory)
            .map(|(seconds, memory)| calls * seconds * memory / 1024.0);
        let (seconds, memory) = (seconds.unwrap_or_default(), memory.unwrap_or_default());
        let how = format!("{how} × {seconds} s (its Timeout) × {memory} MB / 1024");
        let price = format!("lambda.{architecture}.gb-second");
        self.write("Lambda", name.to_owned(), (quantity, how), &price);
    }

    /// An execution of a state machine.
    fn machine(&mut self, name: &str, machine: &str) {
        let Some(definition) = self.deployed.definitions.get(machine) else {
            self.notes.insert(format!(
                "{name}: what {machine} starts is not known here, and not counted."
            ));
            return;
        };
        let work = work(definition, &self.deployed.parameters);
        for job in &work.jobs {
            self.job(name, job);
        }
        for (function, calls) in &work.functions {
            self.calls(name, function, *calls);
        }
        if !work.unanswered.is_empty() {
            self.notes.insert(format!(
                "Not counted: a second job of {}, where SageMaker makes a job and its answer gets lost on the way.",
                work.unanswered.join(", ")
            ));
        }
        self.transitions(name, machine);
    }

    fn job(&mut self, name: &str, job: &Job) {
        let what = format!("{name}: {}", job.state);
        let Some(instance_type) = &job.instance_type else {
            let how = "its instance type is not known before it runs".to_owned();
            self.lines.push(Line {
                service: "SageMaker",
                what,
                computation: how,
                usd: None,
            });
            return;
        };
        let shown = |number: Option<f64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        let seconds = job.times.zip(job.instances).zip(job.seconds);
        let seconds = seconds.map(|((times, instances), seconds)| times * instances * seconds);
        let (times, instances) = (shown(job.times), shown(job.instances));
        let how = format!(
            "{times} × {instances} {instance_type} × {} s / 3600",
            shown(job.seconds)
        );
        let hours = seconds.map(|seconds| seconds / 3600.0);
        let price = format!("sagemaker.{}.{instance_type}", job.kind);
        self.write("SageMaker", what.clone(), (hours, how), &price);
        let how = format!(
            "{times} × {instances} × {} GB × {} s / 3600 / {MONTH}",
            shown(job.volume_gb),
            shown(job.seconds)
        );
        let gb_months = hours.zip(job.volume_gb).map(|(hours, gb)| hours * gb / MONTH);
        let price = format!("sagemaker.{}.volume", job.kind);
        self.write("SageMaker", format!("{what}, volume"), (gb_months, how), &price);
    }

    fn transitions(&mut self, name: &str, machine: &str) {
        let how = format!("{TRANSITIONS} states of {machine}, as many as a history has room for");
        let price = "states.standard.transition";
        self.write("Step Functions", name.to_owned(), (Some(TRANSITIONS), how), price);
    }

    /// An hour of the service.
    fn service(&mut self) {
        let Some(serving) = &self.deployed.serving else {
            return;
        };
        let (tasks, vcpu, gb) = (serving.tasks, serving.vcpu, serving.gb);
        for (what, each, unit, price) in [
            ("tasks, CPU", vcpu, "vCPU", "fargate.x86_64.vcpu"),
            ("tasks, memory", gb, "GB", "fargate.x86_64.gb"),
        ] {
            let how = format!("{tasks} × {each} {unit}");
            self.write("ECS", what.to_owned(), (Some(tasks * each), how), price);
        }
        if serving.load_balancers > 0 {
            let count = u32::try_from(serving.load_balancers).map_or(f64::MAX, f64::from);
            let how = format!("{count} load balancer");
            let price = "load-balancer.application";
            self.write("Load balancer", "hours".to_owned(), (Some(count), how), price);
            let lcu = self.prices.usd(&self.deployed.region, "load-balancer.lcu");
            let lcu = lcu.map_or_else(|| "no price known".to_owned(), |usd| format!("${usd} an LCU-hour"));
            self.notes.insert(format!(
                "Not counted: the load balancer's traffic ({lcu}), and the tasks that stand twice during a rollout."
            ));
        }
    }

    fn all_notes(self) -> Vec<String> {
        let mut notes = vec![
            "A stage that is retried pays again for what it runs again. Approvals cost nothing.".to_owned(),
            "Not counted: what is stored, logged and transferred (docs/cost.md). Free tiers are not subtracted."
                .to_owned(),
        ];
        notes.extend(self.notes);
        if !self.unconfirmed.is_empty() {
            let names: Vec<String> = self.unconfirmed.into_iter().collect();
            notes.push(format!(
                "Not confirmed by AWS's price list (`stepline cost --renew` asks it): {}.",
                names.join(", ")
            ));
        }
        notes
    }
}
