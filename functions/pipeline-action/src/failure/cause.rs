//! A cause in words: what SageMaker and Lambda put into JSON is read for what people want to know.

use serde_json::Value;

/// What a job's description says about its failure.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeProcessingJob.html>
const FAILURE_REASON: &str = "FailureReason";
const EXIT_MESSAGE: &str = "ExitMessage";

/// What Step Functions says of a task that it does not start stands around all its parameters: long, and not ours to
/// show.
const PARAMETERS: (&str, &str) = ("The Parameters '", "' could not be used to start the Task: [");

/// The cause, read if it is JSON that one knows, or as it stands.
pub(super) fn in_words(cause: &str) -> String {
    if let Some((before, rest)) = cause.split_once(PARAMETERS.0)
        && let Some((_, reason)) = rest.rsplit_once(PARAMETERS.1)
    {
        let reason = reason.strip_suffix(']').unwrap_or(reason);
        return format!("{before}The task's parameters are refused: {reason}");
    }
    let json = serde_json::from_str::<Value>(cause).ok();
    if let Some(Value::String(inner)) = &json {
        // JSON text that was put into JSON once more on its way through a state machine.
        return in_words(inner);
    }
    let text = |field: &str| match &json {
        Some(value) => value.get(field).and_then(Value::as_str).map(str::to_owned),
        None => text_in_fragment(cause, field),
    };
    let text = |field: &str| {
        text(field)
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    match (text(FAILURE_REASON), text(EXIT_MESSAGE)) {
        (Some(reason), Some(exit)) if reason.contains(&exit) => reason,
        (Some(reason), Some(exit)) => format!("{reason}; exit message: {exit}"),
        (Some(reason), None) => reason,
        (None, Some(exit)) => format!("exit message: {exit}"),
        // <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>: a function's error.
        (None, None) => match (text("errorType"), text("errorMessage")) {
            (Some(kind), Some(message)) => format!("{kind}: {message}"),
            (None, Some(message)) => message,
            _ => cause.to_owned(),
        },
    }
}

/// The text of a field in JSON that was cut off, as a cause is that was too long.
fn text_in_fragment(fragment: &str, field: &str) -> Option<String> {
    let (_, behind) = fragment.split_once(&format!("\"{field}\""))?;
    let value = behind.trim_start().strip_prefix(':')?;
    serde_json::Deserializer::from_str(value)
        .into_iter::<String>()
        .next()?
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_that_are_known_are_read_and_others_stay() {
        for (cause, words) in [
            ("plain text", "plain text"),
            ("{\"some\":\"json\"}", "{\"some\":\"json\"}"),
            ("[1]", "[1]"),
            (
                r#"An error occurred while executing the state 'T' (entered at the event id #2). The Parameters '{"a":"secret"}' could not be used to start the Task: [The field "a" is not supported by Step Functions]"#,
                "An error occurred while executing the state 'T' (entered at the event id #2). The task's parameters are refused: The field \"a\" is not supported by Step Functions",
            ),
            (
                r#"{"ProcessingJobStatus":"Failed","FailureReason":"AlgorithmError"}"#,
                "AlgorithmError",
            ),
            (r#"{"FailureReason":"A","ExitMessage":"B"}"#, "A; exit message: B"),
            (r#"{"FailureReason":"A: B","ExitMessage":"B"}"#, "A: B"),
            (r#"{"FailureReason":"","ExitMessage":" B "}"#, "exit message: B"),
            (
                r#"{"FailureReason":null,"ExitMessage":7,"ProcessingJobName":"n"}"#,
                r#"{"FailureReason":null,"ExitMessage":7,"ProcessingJobName":"n"}"#,
            ),
            (
                r#"{"errorType":"ValueError","errorMessage":"no","trace":[]}"#,
                "ValueError: no",
            ),
            (r#"{"errorMessage":"no"}"#, "no"),
            (r#""{\"FailureReason\":\"A\"}""#, "A"),
            (
                r#"{"ProcessingJobName":"n","FailureReason":"cut \"off\"","Env"#,
                "cut \"off\"",
            ),
            (
                r#"{"ProcessingJobName":"n","FailureReason":"cut of"#,
                r#"{"ProcessingJobName":"n","FailureReason":"cut of"#,
            ),
        ] {
            assert_eq!(in_words(cause), words, "{cause}");
        }
    }
}
