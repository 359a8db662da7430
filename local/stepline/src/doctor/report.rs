//! What the doctor says.

use crate::aws::LookupError;
use std::fmt;

/// The result of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All is well.
    Well,
    /// Something is missing: a deployment, or the first run after it, would fail.
    Missing,
    /// AWS did not answer.
    Unknown,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at: `identity`, `connection`, `names`.
    pub topic: &'static str,
    /// The result.
    pub verdict: Verdict,
    /// What was found, in a sentence.
    pub sentence: String,
    /// What mends it: a command, or where to go.
    pub mend: Option<String>,
}

impl Finding {
    /// A thing that is well.
    pub(super) fn well(topic: &'static str, sentence: impl fmt::Display) -> Self {
        Self {
            topic,
            verdict: Verdict::Well,
            sentence: sentence.to_string(),
            mend: None,
        }
    }

    /// A thing that is missing, and what mends it.
    pub(super) fn missing(topic: &'static str, sentence: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self {
            topic,
            verdict: Verdict::Missing,
            sentence: sentence.to_string(),
            mend: Some(mend.to_string()),
        }
    }

    /// A thing that AWS did not answer, and what to do about it.
    pub(super) fn unknown(topic: &'static str, sentence: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self {
            verdict: Verdict::Unknown,
            ..Self::missing(topic, sentence, mend)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.verdict {
            Verdict::Well => "ok     ",
            Verdict::Missing => "MISSING",
            Verdict::Unknown => "UNKNOWN",
        };
        write!(formatter, "{mark}  {:<11} {}", self.topic, self.sentence)?;
        if let Some(mend) = &self.mend {
            write!(formatter, "\n         {:<11} → {mend}", "")?;
        }
        Ok(())
    }
}

/// Everything that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The environment that is to be deployed.
    pub environment: String,
    /// The findings, in the order in which one would mend them.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A report about an environment.
    pub fn new(environment: &str, findings: Vec<Finding>) -> Self {
        Self {
            environment: environment.to_owned(),
            findings,
        }
    }

    /// Whether all is well.
    pub(crate) fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.verdict == Verdict::Well)
    }

    /// 0 where all is well, 1 where something is missing or could not be seen.
    pub fn exit_code(&self) -> u8 {
        u8::from(!self.is_well())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(formatter, "{finding}")?;
        }
        let count = |verdict| {
            self.findings
                .iter()
                .filter(|finding| finding.verdict == verdict)
                .count()
        };
        match (count(Verdict::Missing), count(Verdict::Unknown)) {
            (0, 0) => write!(formatter, "{} can be deployed", self.environment),
            (missing, unknown) => {
                write!(
                    formatter,
                    "{} cannot be deployed yet: {missing} missing",
                    self.environment
                )?;
                if unknown > 0 {
                    write!(formatter, ", {unknown} could not be seen")?;
                }
                Ok(())
            }
        }
    }
}

/// AWS did not answer.
pub(super) fn unseen(topic: &'static str, error: &LookupError) -> Finding {
    if error.is_denied() {
        return Finding::unknown(
            topic,
            format_args!("the caller is not allowed to ask: {error}"),
            format_args!("allow {} to the caller, or use other credentials", error.call),
        );
    }
    Finding::unknown(topic, format_args!("AWS did not answer: {error}"), "ask again")
}
