//! The journal in words: what is shown of each thing that happens.

use super::reports;
use super::text::one_line;
use platform::journal::Happening;
use platform::text::printable;
use services::lambda::Progress;
use std::time::Duration;

/// `1.24 s`, `38 ms`: as exact as one reads.
pub(crate) fn seconds(took: Duration) -> String {
    match took.as_millis() {
        0..1000 => format!("{:.0} ms", took.as_secs_f64() * 1000.0),
        _ => format!("{:.2} s", took.as_secs_f64()),
    }
}

/// A cause in one line, without the parameters of a task that was refused: they are long, and `--json` has them.
fn cause_line(cause: &str) -> String {
    let (before, after) = ("The Parameters '", "' could not be used to start the Task: [");
    let refused = cause
        .split_once(before)
        .and_then(|(head, rest)| Some((head, rest.rsplit_once(after)?.1)));
    match refused {
        Some((head, reason)) => one_line(&format!(
            "{head}The task's parameters are refused: {}",
            reason.strip_suffix(']').unwrap_or(reason)
        )),
        None => one_line(cause),
    }
}

/// What is said of a step while cargo builds. None of what the next count says better.
pub(super) fn building(step: &str, progress: Progress<'_>) -> Option<String> {
    match progress {
        Progress::Counted { done, of, now } => {
            // One of several is enough.
            let now = now.split([',', '(']).next().unwrap_or_default();
            let comma = if now.is_empty() { "" } else { ", " };
            Some(format!("{step}: {done} of {of}{comma}{now} …"))
        }
        Progress::Doing(what) => {
            let is_counted = ["Compiling", "Finished"].iter().any(|verb| what.starts_with(verb));
            (!is_counted).then(|| format!("{step}: {what} …"))
        }
        Progress::Line(_) => None,
    }
}

/// The lines that tell of it; none for what only machines look at.
pub(super) fn lines(happening: &Happening) -> Vec<String> {
    match happening {
        Happening::PipelineStarted { pipeline, execution_id } => {
            vec![format!("Pipeline {pipeline}, execution {execution_id}")]
        }
        Happening::StageStarted { stage } => vec![format!("Stage {stage}")],
        Happening::StageEnded { stage, status, took } => vec![format!("Stage {stage}: {status}, {}", seconds(*took))],
        Happening::ActionStarted { action, provider, .. } => vec![format!("  Action {action} ({provider})")],
        Happening::ActionEnded {
            action,
            status,
            message,
            took,
            ..
        } => {
            let mut lines = vec![format!("  Action {action}: {status}, {}", seconds(*took))];
            let message = printable(message.as_deref().unwrap_or_default());
            lines.extend(message.lines().map(|line| format!("    {line}")));
            lines
        }
        Happening::ApprovalAsked { action, text, .. } => {
            let sentences = printable(text).replace(". ", ".\n");
            let first = format!("    {action} waits for an approval:");
            let sentences = sentences.lines().map(|sentence| format!("      {sentence}"));
            std::iter::once(first).chain(sentences).collect()
        }
        Happening::ApprovalAnswered {
            action,
            approved,
            summary,
            ..
        } => {
            let summary = printable(summary);
            let mut lines = summary.lines();
            let answer = if *approved { "approved" } else { "rejected" };
            let first = format!("    {action} is {answer}: {}", lines.next().unwrap_or_default());
            let more = lines.map(|line| format!("      {line}"));
            std::iter::once(first).chain(more).collect()
        }
        Happening::JobAnswered { job_id, answer, .. } => vec![format!("    Job {job_id}: {answer}")],
        Happening::OutputVariables { variables, .. } => variables
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| value.as_str() != Some(""))
            .map(|(name, value)| {
                format!(
                    "    {name} = {}",
                    value.as_str().map_or_else(|| value.to_string(), one_line)
                )
            })
            .collect(),
        Happening::BuildPhase {
            phase,
            status: Some(status),
            took,
            ..
        } => vec![format!(
            "    Phase {phase}: {status}, {}",
            seconds(took.unwrap_or_default())
        )],
        Happening::Report { .. } => reports::lines(happening),
        Happening::ExecutionStarted { execution_arn } => vec![format!("    Execution {}", name(execution_arn))],
        Happening::ExecutionEnded {
            status,
            error,
            cause,
            took,
            ..
        } => {
            let mut lines = vec![format!("    Execution: {status}, {}", seconds(*took))];
            if let Some(error) = error {
                lines.push(format!(
                    "      {error}: {}",
                    cause_line(cause.as_deref().unwrap_or_default())
                ));
            }
            lines
        }
        Happening::StateExited {
            state,
            state_type,
            error,
            took,
            mocked,
            ..
        } => {
            let outcome = error
                .as_ref()
                .map_or("succeeded".to_owned(), |error| format!("failed with {error}"));
            let mocked = if *mocked { ", mocked" } else { "" };
            vec![format!(
                "      State {state} ({state_type}{mocked}): {outcome}, {}",
                seconds(*took)
            )]
        }
        Happening::StateRetried {
            state,
            error,
            cause,
            attempt,
            max_attempts,
            next_try_in,
            ..
        } => {
            let cause = cause.as_deref().map(cause_line).filter(|cause| !cause.is_empty());
            let cause = cause.map(|cause| format!(": {cause}")).unwrap_or_default();
            vec![format!(
                "      State {state} failed with {error}, retry {attempt} of {max_attempts} in {}{cause}",
                seconds(*next_try_in)
            )]
        }
        Happening::WorkerAwaited {
            state, activity_arn, ..
        } => {
            let activity = activity_arn.rsplit(':').next().unwrap_or(activity_arn);
            vec![
                format!(
                    "      State {state} waits for a worker of the activity {activity}, and nobody asks for its tasks:"
                ),
                "        start the worker, or give the state an outcome with --mock FILE (docs/mocks.md)".to_owned(),
            ]
        }
        Happening::Job {
            kind,
            job,
            status,
            message,
            metrics,
        } => {
            let metrics: String = metrics
                .iter()
                .filter(|_| status == "Completed")
                .map(|(name, value)| format!(", {name} {value}"))
                .collect();
            let message = message
                .as_ref()
                .map(|message| format!(": {}", one_line(message)))
                .unwrap_or_default();
            vec![format!("        {kind} job {job}: {status}{metrics}{message}")]
        }
        Happening::LogLine { group, line, .. } => {
            let source = group.rsplit('/').next().unwrap_or(group);
            vec![format!("      {source} | {}", printable(line))]
        }
        Happening::Invocation { .. } => invocation(happening),
        Happening::ImagePushed {
            repository,
            tag,
            digest,
        } => {
            let tag = tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
            vec![format!("    Image {repository}{tag} is {digest}")]
        }
        Happening::RuleMatched { rule, target, .. } => vec![format!("    Rule {rule} calls {}", name(target))],
        Happening::DeliveryFailed { target, reason } => vec![format!("    Given up: {}: {reason}", name(target))],
        Happening::Authorized {
            principal,
            action,
            resource,
            allowed: false,
            ..
        } => vec![format!("    Denied: {principal} may not {action} on {resource}")],
        Happening::Containers { text, .. } => vec![format!("Containers: {text}")],
        Happening::Note { text } => vec![format!("  Note: {text}")],
        Happening::BuildPhase { status: None, .. }
        | Happening::StateEntered { .. }
        | Happening::PipelineEnded { .. }
        | Happening::EventSent { .. }
        | Happening::Authorized { allowed: true, .. } => Vec::new(),
    }
}

/// Lambda's REPORT line. See <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html>.
fn invocation(happening: &Happening) -> Vec<String> {
    let Happening::Invocation {
        function,
        request_id,
        outcome,
        error,
        duration,
        billed,
        init,
        memory_size_mb,
        max_memory_used_mb,
        attempt,
        ..
    } = happening
    else {
        return Vec::new();
    };
    let millis = |time: &Duration| time.as_secs_f64() * 1000.0;
    let init = init
        .as_ref()
        .map(|init| format!("  Init Duration: {:.2} ms", millis(init)))
        .unwrap_or_default();
    let mut lines = vec![format!(
        "    {function}  REPORT RequestId: {request_id}  Duration: {:.2} ms  Billed Duration: {:.0} ms  Memory Size: {memory_size_mb} MB  Max Memory Used: {max_memory_used_mb} MB{init}",
        millis(duration),
        millis(billed),
    )];
    if let Some(error) = error {
        lines.push(format!(
            "    {function}  {outcome} in attempt {attempt}: {}",
            one_line(error)
        ));
    }
    lines
}

/// The last part of an ARN.
fn name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_exact_as_one_reads() {
        for (millis, expected) in [
            (0, "0 ms"),
            (38, "38 ms"),
            (999, "999 ms"),
            (1_240, "1.24 s"),
            (61_000, "61.00 s"),
        ] {
            assert_eq!(seconds(Duration::from_millis(millis)), expected);
        }
    }

    #[test]
    fn a_build_says_how_far_it_is() {
        let counted = |now| Progress::Counted { done: 3, of: 9, now };
        for (progress, expected) in [
            (counted("tokio(build.rs), itoa"), Some("Building: 3 of 9, tokio …")),
            (counted(""), Some("Building: 3 of 9 …")),
            (
                Progress::Doing("Blocking waiting for file lock"),
                Some("Building: Blocking waiting for file lock …"),
            ),
            (Progress::Doing("Compiling tokio v1"), None),
            (Progress::Line("warning: unused"), None),
        ] {
            assert_eq!(building("Building", progress).as_deref(), expected);
        }
    }

    #[test]
    fn each_thing_that_happens_has_its_words() {
        let took = Duration::from_millis(1500);
        let invocation = |error: Option<&str>| Happening::Invocation {
            function: "image-push-dev".into(),
            request_id: "r".into(),
            outcome: "Failed".into(),
            error: error.map(Into::into),
            duration: Duration::from_micros(12_345),
            billed: Duration::from_millis(20),
            init: Some(Duration::from_millis(7)),
            memory_size_mb: 128,
            max_memory_used_mb: 9,
            attempt: 2,
            event: "{}".into(),
            answer: "{}".into(),
            log_group: "g".into(),
            log_stream: "s".into(),
        };
        let report = "    image-push-dev  REPORT RequestId: r  Duration: 12.35 ms  Billed Duration: 20 ms  Memory Size: 128 MB  Max Memory Used: 9 MB  Init Duration: 7.00 ms";
        let log = |group: &str| Happening::LogLine {
            group: group.into(),
            stream: "s".into(),
            line: "Hello World!".into(),
        };
        for (happening, expected) in [
            (
                Happening::ActionEnded {
                    stage: "Execute".into(),
                    action: "Execute".into(),
                    status: "Failed".into(),
                    message: Some("one\ntwo".into()),
                    took,
                },
                vec!["  Action Execute: Failed, 1.50 s", "    one", "    two"],
            ),
            (
                log("/aws/sagemaker/ProcessingJobs"),
                vec!["      ProcessingJobs | Hello World!"],
            ),
            (
                log("/aws/sagemaker/TrainingJobs"),
                vec!["      TrainingJobs | Hello World!"],
            ),
            (
                Happening::Job {
                    kind: "Training".into(),
                    job: "j".into(),
                    status: "Completed".into(),
                    message: None,
                    metrics: vec![("accuracy".into(), 0.95), ("loss".into(), 2.0)],
                },
                vec!["        Training job j: Completed, accuracy 0.95, loss 2"],
            ),
            (
                Happening::Job {
                    kind: "Processing".into(),
                    job: "j".into(),
                    status: "Failed".into(),
                    message: Some("AlgorithmError:\nwhy".into()),
                    metrics: Vec::new(),
                },
                vec!["        Processing job j: Failed: AlgorithmError: why"],
            ),
            (log("/aws/lambda/f"), vec!["      f | Hello World!"]),
            (
                Happening::LogLine {
                    group: "/aws/sagemaker/TrainingJobs".into(),
                    stream: "s".into(),
                    line: "\u{1b}[31m 50%\r\u{1b}[K100%\0\u{1b}]0;title\u{7}".into(),
                },
                vec!["      TrainingJobs | 100%"],
            ),
            (invocation(None), vec![report]),
            (
                invocation(Some("E: m")),
                vec![report, "    image-push-dev  Failed in attempt 2: E: m"],
            ),
            (
                Happening::ExecutionEnded {
                    execution_arn: "arn".into(),
                    status: "FAILED".into(),
                    error: Some("States.Runtime".into()),
                    cause: Some("Why. The Parameters '{\"a\":1}' could not be used to start the Task: [no [a]]".into()),
                    took,
                },
                vec![
                    "    Execution: FAILED, 1.50 s",
                    "      States.Runtime: Why. The task's parameters are refused: no [a]",
                ],
            ),
            (
                Happening::WorkerAwaited {
                    execution_arn: "arn".into(),
                    state: "Paint".into(),
                    activity_arn: "arn:aws:states:us-east-1:123456789012:activity:painters".into(),
                },
                vec![
                    "      State Paint waits for a worker of the activity painters, and nobody asks for its tasks:",
                    "        start the worker, or give the state an outcome with --mock FILE (docs/mocks.md)",
                ],
            ),
            (
                Happening::StateRetried {
                    execution_arn: "arn".into(),
                    state: "Train".into(),
                    error: "SageMaker.ResourceLimitExceededException".into(),
                    cause: Some("no such\ninstance".into()),
                    attempt: 2,
                    max_attempts: 5,
                    next_try_in: took,
                },
                vec![
                    "      State Train failed with SageMaker.ResourceLimitExceededException, retry 2 of 5 in 1.50 s: no such instance",
                ],
            ),
            (
                Happening::Authorized {
                    principal: "p".into(),
                    source: None,
                    action: "s3:GetObject".into(),
                    resource: "r".into(),
                    allowed: false,
                    reason: None,
                },
                vec!["    Denied: p may not s3:GetObject on r"],
            ),
            (
                Happening::OutputVariables {
                    stage: "Build".into(),
                    action: "Build".into(),
                    variables: serde_json::json!({"IMAGE_TAG": "commit-1", "AuthorId": ""}),
                },
                vec!["    IMAGE_TAG = commit-1"],
            ),
        ] {
            assert_eq!(lines(&happening), expected, "{happening:?}");
        }
    }
}
