//! A definition in a test, with outcomes in the place of its tasks; a task without one ends the run, whatever the definition
//! catches: `cargo run -p states-language --example mocked_tasks`

use states_language::{
    Clock, Execution, Failure, Json, MockedResult, MockedStates, Mocks, StartOptions, StateMachine, TaskHandler,
    TaskRequest, VirtualClock, run_to_end,
};

const DEFINITION: &str = r#"{"StartAt": "Train", "States": {
    "Train": {
        "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": {"TrainingJobName.$": "States.Format('{}-{}', $$.Execution.Name, $$.State.RetryCount)"},
        "Retry": [{"ErrorEquals": ["SageMaker.ResourceLimitExceededException"], "IntervalSeconds": 600}],
        "ResultPath": "$.trained", "Next": "Register"
    },
    "Register": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "register"},
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Register"}], "End": true}
}}"#;

/// One outcome for each attempt; `docs/mocks.md` of the repository has the format.
const MOCKS: &str = r#"{
    "Train": [
        {"errorOutput": {"error": "SageMaker.ResourceLimitExceededException", "cause": "none free"}},
        {"result": {"TrainingJobStatus": "Completed"}}
    ],
    "Register": {"result": {"Payload": {"version": 1}}}
}"#;

/// Gives the outcomes, and remembers what was asked.
struct Mocked {
    states: MockedStates,
    asked: Vec<String>,
    missing: Option<String>,
}

impl TaskHandler for Mocked {
    fn handle(&mut self, task: &TaskRequest) -> Result<Json, Failure> {
        self.asked.push(format!("{} with {}", task.state, task.parameters));
        match self.states.take(&task.state) {
            Some(Ok(MockedResult::Result(text))) => Ok(Json::parse(&text).unwrap_or_default()),
            Some(Ok(MockedResult::Error(failure))) => Err(failure),
            Some(Err(why)) => self.miss(why),
            None => self.miss(format!("there is no outcome for the state `{}`", task.state)),
        }
    }

    fn stops(&mut self) -> bool {
        self.missing.is_some()
    }
}

impl Mocked {
    /// What the execution never sees: the run ends.
    fn miss(&mut self, why: String) -> Result<Json, Failure> {
        self.missing = Some(why);
        Err(Failure::default())
    }
}

fn run(mocks: &str) -> Result<(Execution, Mocked), Box<dyn std::error::Error>> {
    let machine = StateMachine::parse(DEFINITION)?;
    let mocks = Mocks::read(mocks)?;
    mocks.check_states("pipeline", DEFINITION)?;
    let mut tasks = Mocked {
        states: mocks.of("pipeline", None)?,
        asked: Vec::new(),
        missing: None,
    };
    let mut clock = VirtualClock::default();
    let mut execution = Execution::start(&machine, StartOptions::default(), "{}", clock.now())?;
    run_to_end(&mut execution, &mut tasks, &mut clock);
    Ok((execution, tasks))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (execution, tasks) = run(MOCKS)?;
    println!("{}: {:?}", execution.status().name(), execution.output());
    for asked in &tasks.asked {
        println!("  {asked}");
    }
    let (execution, tasks) = run(r#"{"Train": {"result": {}}}"#)?;
    println!("{}: {}", execution.status().name(), tasks.missing.unwrap_or_default());
    Ok(())
}
