//! What a function writes: one JSON object a line, to its standard output, which Lambda takes to CloudWatch.
//!
//! Other crates may write WARN and ERROR only. At TRACE the Lambda runtime writes whole events and the SDKs write whole
//! requests, and an event of CodePipeline has credentials in it. No level in the environment changes this. A release
//! build has no line below INFO at all: see `tracing` in the workspace's Cargo.toml.

use std::io;
use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing::{Subscriber, subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

/// The crates that may write lines below WARN.
const OUR_OWN: [&str; 5] = [
    "ask_service",
    "image_push",
    "pipeline_action",
    "resolve_parameters",
    "shared",
];

/// Where the Lambda runtime opens the span with the request's id. Every line should have that id.
const REQUEST_SPAN: &str = "lambda_runtime::layers::trace";

/// Sets up log lines and the panic hook for the whole process.
///
/// The level is `AWS_LAMBDA_LOG_LEVEL` (which Lambda sets from the function's logging settings), or `RUST_LOG`, or
/// INFO.
pub fn init() {
    let level = level(|name| std::env::var(name).ok());
    // A subscriber that is set already, as in a test, stays.
    let _ = subscriber::set_global_default(subscriber(level, io::stdout));
    log_panics();
}

/// Has panics logged with their place, and without a message that could quote a value.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| tracing::error!("{}", panic_message(panic))));
}

/// The subscriber that [`init`] sets, for any level and writer.
pub fn subscriber<W>(level: LevelFilter, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let others = level.min(LevelFilter::WARN);
    let filter = Targets::new()
        .with_default(others)
        .with_targets(OUR_OWN.map(|name| (name, level)))
        .with_target(REQUEST_SPAN, level.min(LevelFilter::INFO));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_writer(writer)
        .with_filter(filter);
    tracing_subscriber::registry().with(lines)
}

/// The level that the environment asks for.
fn level(variable: impl Fn(&str) -> Option<String>) -> LevelFilter {
    ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"]
        .into_iter()
        .filter_map(variable)
        .find_map(|text| match text.to_ascii_uppercase().as_str() {
            // Lambda has a level above ERROR.
            "FATAL" => Some(LevelFilter::ERROR),
            text => text.parse().ok(),
        })
        .unwrap_or(LevelFilter::INFO)
}

/// The place of a panic, and its message if that has no arguments: an argument could be a secret.
fn panic_message(panic: &PanicHookInfo<'_>) -> String {
    let place = panic
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    match panic.payload().downcast_ref::<&'static str>() {
        Some(literal) => format!("panicked at {place}: {literal}"),
        None => format!("panicked at {place}"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// A writer into memory.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(level: LevelFilter, log: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        subscriber::with_default(subscriber(level, move || writer.clone()), log);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn the_environment_s_level_is_found() {
        for (lambda, rust, expected) in [
            (None, None, LevelFilter::INFO),
            (Some("DEBUG"), Some("error"), LevelFilter::DEBUG),
            (Some("FATAL"), None, LevelFilter::ERROR),
            (None, Some("trace"), LevelFilter::TRACE),
            (None, Some("pipeline_action=debug"), LevelFilter::INFO),
            (None, Some("off"), LevelFilter::OFF),
        ] {
            let found = level(|name| (if name == "RUST_LOG" { rust } else { lambda }).map(str::to_owned));
            assert_eq!(found, expected, "{lambda:?} {rust:?}");
        }
    }

    #[test]
    fn a_line_is_one_json_object_with_its_fields() {
        let text = written(LevelFilter::INFO, || {
            let span = tracing::info_span!(target: "lambda_runtime::layers::trace", "invoke", requestId = "r-1");
            let _entered = span.enter();
            tracing::info!(target: "pipeline_action", { job.id = "1" }, "answered the job");
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["span"]["requestId"], "r-1");
        assert_eq!(
            (&line["message"], &line["job.id"], &line["level"]),
            (&"answered the job".into(), &"1".into(), &"INFO".into())
        );
    }

    #[test]
    fn other_crates_are_heard_only_when_they_warn() {
        let text = written(LevelFilter::TRACE, || {
            tracing::trace!(target: "lambda_runtime::layers::api_response", "a whole event");
            tracing::trace!(target: "lambda_runtime::layers::trace", "a whole request");
            tracing::debug!(target: "aws_smithy_runtime", "a whole request");
            tracing::warn!(target: "hyper", "a warning");
            tracing::trace!(target: "pipeline_action::job", "our own");
        });
        assert!(
            !text.contains("whole") && text.contains("a warning") && text.contains("our own"),
            "{text}"
        );
    }
}
