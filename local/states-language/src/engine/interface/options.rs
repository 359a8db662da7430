//! What an execution is started with.

use std::fmt;
use std::sync::Arc;

use crate::definition::{ExecutionType, Integration};
use crate::text::{Json, Object};

/// The error of an execution that has come to the end of its [`StartOptions::until`].
pub const STOPPED_AFTER_STATE: &str = "StoppedAfterState";

/// Where in its definition an execution begins, and with what: the results that an earlier one has left.
///
/// AWS has nothing like it: a redrive goes on with the definition as it was. This is for trying a definition that has
/// changed, without doing again what comes before the change.
///
/// ```
/// use states_language::{Entry, Execution, Json, StartOptions, StateMachine, Timestamp};
///
/// let machine = StateMachine::parse(
///     r#"{"StartAt": "Read", "States": {
///         "Read": {"Type": "Task", "Resource": "arn:aws:states:::s3:getObject", "Next": "Double"},
///         "Double": {"Type": "Pass", "Parameters": {"rows.$": "States.MathAdd($.rows, $.rows)"}, "End": true}
///     }}"#,
/// )?;
/// let entry = Entry {
///     state: "Double".into(),
///     input: Json::parse(r#"{"rows": 7}"#)?,
///     ..Entry::default()
/// };
/// let options = StartOptions { entry: Some(entry), ..StartOptions::default() };
/// let now = Timestamp::UNIX_EPOCH;
/// let mut execution = Execution::start(&machine, options, "{}", now)?;
/// assert!(execution.run(now).is_empty());
/// assert_eq!(execution.output().as_deref(), Some(r#"{"rows":14}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// The state's name. It is one of the outermost flow's, not one inside of a Map or a Parallel.
    pub state: Arc<str>,
    /// What the state is entered with. The execution's own input stays what it was started with.
    pub input: Json,
    /// The variables that have values by then.
    pub variables: Object,
    /// How often the work was begun before: `$$.Execution.RedriveCount`, from which definitions make names that no job
    /// of an earlier attempt has.
    pub redrive_count: u32,
}

/// Says which activities there are, when a task of one is scheduled.
///
/// ```
/// use states_language::{Activities, StartOptions};
///
/// let paint = "arn:aws:states:us-east-1:123456789012:activity:paint";
/// let activities = Activities::new(move |_state, activity_arn| activity_arn == paint);
/// let options = StartOptions { activities: Some(activities), ..StartOptions::default() };
/// # drop(options);
/// ```
#[derive(Clone)]
pub struct Activities(Arc<Exists>);

/// Whether there is an activity, by the name of the state that has its task, and by the activity's ARN.
type Exists = dyn Fn(&str, &str) -> bool + Send + Sync;

impl Activities {
    /// By a function that gets a state's name and its activity's ARN, and says whether there is such an activity.
    pub fn new(exist: impl Fn(&str, &str) -> bool + Send + Sync + 'static) -> Activities {
        Activities(Arc::new(exist))
    }

    pub(crate) fn have(&self, state: &str, activity_arn: &str) -> bool {
        (self.0)(state, activity_arn)
    }
}

impl fmt::Debug for Activities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Activities")
    }
}

/// Who and where an execution is, and the seed of its randomness.
///
/// Everything has a default, so that a test names only what it is about:
///
/// ```
/// use states_language::StartOptions;
///
/// let options = StartOptions { name: "run-1".into(), random_seed: 7, ..StartOptions::default() };
/// assert_eq!(
///     options.execution_arn(),
///     "arn:aws:states:us-east-1:123456789012:execution:StateMachine:run-1"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// The execution's name.
    pub name: Arc<str>,
    /// The state machine's name.
    pub state_machine_name: Arc<str>,
    /// The ARN of the role that it runs as; `$$.Execution.RoleArn`.
    pub role_arn: Arc<str>,
    /// The partition, `aws` outside of China and the government's regions.
    pub partition: Arc<str>,
    /// The region.
    pub region: Arc<str>,
    /// The account's number.
    pub account: Arc<str>,
    /// Standard or Express.
    pub execution_type: ExecutionType,
    /// Where all of this execution's randomness comes from: jitter, `States.UUID`, `States.MathRandom`, task tokens.
    /// The same seed, input and answers give the same history, byte by byte.
    pub random_seed: u64,
    /// The whole ARN, where it does not follow from the other fields (Express executions have an id in theirs).
    pub arn: Option<Arc<str>>,
    /// The ARN of the version or alias that was started; without it, the state machine itself was.
    pub qualified_arn: Option<Arc<str>>,
    /// How many events a history can have: AWS allows 25,000, and fails an execution that needs more. Nothing takes
    /// AWS's number for Standard executions, and no limit for Express ones.
    pub max_events: Option<u64>,
    /// Keeps the histories of a distributed Map's child executions, to be read with
    /// [`Execution::children`](crate::Execution::children).
    pub keep_children: bool,
    /// Says why a service's operation does not take these parameters, where it does not: such a task is not started, and
    /// the execution fails with `States.Runtime`, which nothing retries or catches. Nothing looks at no parameters.
    pub refusal: Option<fn(&Integration, &Json) -> Option<String>>,
    /// Which activities there are: a task of one that is not there fails the execution with `States.Runtime`, which nothing
    /// retries or catches. Nothing takes all of them for being there.
    pub activities: Option<Activities>,
    /// Where the execution begins, in the place of `StartAt`.
    pub entry: Option<Entry>,
    /// The state after which the execution is stopped: once this one of the outermost flow has succeeded, and another one
    /// is next, the execution is aborted with the error [`STOPPED_AFTER_STATE`].
    pub until: Option<Arc<str>>,
}

impl Default for StartOptions {
    fn default() -> StartOptions {
        StartOptions {
            name: "execution".into(),
            state_machine_name: "StateMachine".into(),
            role_arn: "arn:aws:iam::123456789012:role/states".into(),
            partition: "aws".into(),
            region: "us-east-1".into(),
            account: "123456789012".into(),
            execution_type: ExecutionType::Standard,
            random_seed: 0,
            arn: None,
            qualified_arn: None,
            max_events: None,
            keep_children: false,
            refusal: None,
            activities: None,
            entry: None,
            until: None,
        }
    }
}

impl StartOptions {
    /// The state machine's ARN.
    #[must_use]
    pub fn state_machine_arn(&self) -> String {
        self.state_arn("stateMachine", &self.state_machine_name)
    }

    /// The execution's ARN.
    #[must_use]
    pub fn execution_arn(&self) -> String {
        match &self.arn {
            Some(arn) => arn.to_string(),
            None => self.state_arn("execution", &format!("{}:{}", self.state_machine_name, self.name)),
        }
    }

    pub(crate) fn history_limit(&self, execution_type: ExecutionType) -> u64 {
        match (self.max_events, execution_type) {
            (Some(limit), _) => limit.max(2),
            (None, ExecutionType::Standard) => 25_000,
            (None, ExecutionType::Express) => u64::MAX,
        }
    }

    pub(crate) fn state_arn(&self, kind: &str, name: &str) -> String {
        format!(
            "arn:{}:states:{}:{}:{kind}:{name}",
            self.partition, self.region, self.account
        )
    }
}
