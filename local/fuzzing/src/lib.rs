//! Fuzzing: everything that reads what others wrote, as functions that take any bytes.
//!
//! [`TARGETS`] has them all, each with seeds out of the repository's own files and with the words of its grammar. A target
//! passes when it returns: it must not panic, must not hang, and must not take memory without bound.
//!
//! `tests/smoke.rs` gives each a few thousand inputs, the same on every run. `local/fuzzing/run` gives each a million by
//! libFuzzer, which looks for inputs that reach code that no input reached before (docs/robustness.md).

pub mod dice;
pub mod mutate;
mod seeds;
mod targets;

/// Something that reads.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, such as `token`.
    pub name: &'static str,
    /// Has it read these bytes, whatever they are.
    pub read: fn(&[u8]),
    /// Inputs that lead somewhere, to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of its grammar, which chance would hardly find.
    pub words: &'static [&'static str],
}

impl Target {
    /// The target of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.name == name)
    }
}

/// All targets.
pub static TARGETS: &[Target] = &[
    Target {
        name: "action-event",
        read: targets::functions::action_event,
        seeds: seeds::action_events,
        words: &[
            "CodePipeline.job",
            "detail-type",
            "detail",
            "continuationToken",
            "Scheduled Event",
        ],
    },
    Target {
        name: "token",
        read: targets::functions::token,
        seeds: seeds::tokens,
        words: &["job", "since", "misses", "stops", "execution", "redriven", "retry"],
    },
    Target {
        name: "user-parameters",
        read: targets::functions::user_parameters,
        seeds: seeds::user_parameters,
        words: &[
            "stateMachine",
            "ssm:/",
            "input",
            "onRetry",
            "redrive",
            "outputVariables",
            "approval",
            "$.a['b'][0]",
        ],
    },
    Target {
        name: "artifact",
        read: targets::functions::artifact,
        seeds: seeds::artifacts,
        words: &[
            "PK\x01\x02",
            "PK\x03\x04",
            "PK\x05\x06",
            "PK\x06\x06",
            "PK\x06\x07",
            "output.json",
            "../",
        ],
    },
    Target {
        name: "push-event",
        read: targets::functions::push_event,
        seeds: seeds::push_events,
        words: &[
            "ECR Image Action",
            "image-digest",
            "action-type",
            "PUSH",
            "Scheduled Event",
            "sha256:",
        ],
    },
    Target {
        name: "rules",
        read: targets::functions::rules,
        seeds: seeds::rules,
        words: &[
            "repository",
            "tag",
            "stateMachine",
            "untagged",
            "acceptIndexes",
            "platform",
            "linux/amd64",
            "ssm:/",
        ],
    },
    Target {
        name: "manifest",
        read: targets::functions::manifest,
        seeds: seeds::manifests,
        words: &[
            "manifests",
            "mediaType",
            "digest",
            "platform",
            "os",
            "architecture",
            "variant",
            "schemaVersion",
        ],
    },
    Target {
        name: "request",
        read: targets::functions::request,
        seeds: seeds::requests,
        words: &[
            "parameters",
            "name",
            "as",
            "default",
            "path",
            "recursive",
            "integer",
            "reference",
            ":1",
            "arn:aws:ssm",
        ],
    },
    Target {
        name: "definition",
        read: targets::local::definition,
        seeds: seeds::definitions,
        words: &[
            "StartAt",
            "States",
            "Type",
            "Next",
            "End",
            "Choices",
            "ItemProcessor",
            "$.a[?(@.b)]",
            "{% $x %}",
            "States.Format(",
        ],
    },
    Target {
        name: "buildspec",
        read: targets::local::buildspec,
        seeds: seeds::buildspecs,
        words: &[
            "version: 0.2",
            "phases:",
            "commands:",
            "&a",
            "*a",
            "<<:",
            "!!",
            "? ",
            "- |",
            "on-failure: RETRY-2",
        ],
    },
    Target {
        name: "template",
        read: targets::local::template,
        seeds: seeds::templates,
        words: &[
            "!Sub ",
            "!Ref ",
            "!GetAtt ",
            "!If ",
            "Fn::Join",
            "Fn::Cidr",
            "Fn::FindInMap",
            "${",
            "${!",
            "&a",
            "*a",
            "Conditions:",
            "Transform:",
        ],
    },
    Target {
        name: "policy",
        read: targets::local::policy,
        seeds: seeds::policies,
        words: &[
            "NotAction",
            "NotResource",
            "Principal",
            "${aws:username}",
            "${*}",
            "ForAllValues:",
            "IfExists",
            "IpAddress",
            "::/0",
            "DateLessThan",
        ],
    },
    Target {
        name: "gateway",
        read: targets::local::gateway,
        seeds: seeds::gateway,
        words: &[
            ".member.1.",
            "x-amz-target: ",
            "X-Amz-Expires=",
            "x-amz-content-sha256: STREAMING-",
            "range: bytes=",
            "list-type=2",
            "uploadId=",
        ],
    },
];
