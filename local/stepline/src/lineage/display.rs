//! A record for people.

use super::record::{Deployment, Link, Record, Topic, Verdict};
use super::values::behind;
use std::fmt;

/// How many objects of the data are shown; the JSON has all.
const OBJECTS: usize = 5;

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let package = &self.model_package;
        writeln!(
            f,
            "Version {} of {}: {}",
            package.version, package.group, package.approval
        )?;
        writeln!(f, "  {}\n", package.arn)?;
        self.part(
            f,
            Topic::Commit,
            "Commit",
            &[self.commit.clone().unwrap_or("not known".to_owned())],
        )?;
        self.part(f, Topic::Image, "Image", &self.image())?;
        self.part(f, Topic::Data, "Data", &self.data())?;
        self.part(f, Topic::Execution, "Execution", &self.execution())?;
        self.part(f, Topic::TrainingJob, "Training job", &self.training_job())?;
        self.part(f, Topic::ModelPackage, "Model", &self.model())?;
        self.part(f, Topic::Deployment, "Deployment", &self.deployment())?;
        write!(f, "\n{}", self.last_line())
    }
}

impl Record {
    fn part(&self, f: &mut fmt::Formatter<'_>, topic: Topic, name: &str, lines: &[String]) -> fmt::Result {
        let links: Vec<&Link> = self.links.iter().filter(|link| link.topic == topic).collect();
        let worst = links
            .iter()
            .map(|link| link.verdict)
            .max_by_key(|verdict| rank(*verdict));
        let mark = worst.map_or(" ", mark);
        let mut label = format!("{mark} {name:<13}");
        for line in lines {
            writeln!(f, "{label} {line}")?;
            label = format!("{:15}", "");
        }
        for link in links.iter().filter(|link| link.verdict != Verdict::Agrees) {
            writeln!(f, "{:15} {} {}", "", self::mark(link.verdict), link.text)?;
        }
        Ok(())
    }

    fn image(&self) -> Vec<String> {
        let mut lines = vec![self.image.uri.clone()];
        let tags = (!self.image.tags.is_empty()).then(|| self.image.tags.join(", "));
        let pushed = self.image.pushed_at.as_ref().map(|at| format!("pushed {}", minute(at)));
        lines.extend(joined([tags, pushed]));
        lines
    }

    fn data(&self) -> Vec<String> {
        let bucket = self.data.bucket.as_deref().unwrap_or("?");
        let objects = self.data.objects.iter().take(OBJECTS);
        let mut lines: Vec<_> = objects
            .map(|object| format!("s3://{bucket}/{} version {}", object.key, object.version_id))
            .collect();
        match self.data.objects.len().saturating_sub(OBJECTS) {
            0 => {}
            more => lines.push(format!("and {more} more: --json lists them")),
        }
        lines.extend(self.data.sha256.as_ref().map(|sum| format!("SHA-256 {sum}")));
        or_unknown(lines)
    }

    fn execution(&self) -> Vec<String> {
        let Some(execution) = &self.execution else {
            return or_unknown(Vec::new());
        };
        let started = execution
            .started_at
            .as_ref()
            .map(|at| format!("started {}", minute(at)));
        let took = execution.seconds.map(duration);
        let mut lines = vec![execution.arn.clone()];
        lines.extend(joined([execution.status.clone(), started, took]));
        let pipeline = execution.pipeline_execution.as_ref();
        lines.extend(pipeline.map(|id| format!("of the pipeline's execution {id}")));
        lines
    }

    fn training_job(&self) -> Vec<String> {
        let Some(job) = &self.training_job else {
            return or_unknown(Vec::new());
        };
        let paid = job
            .billable_seconds
            .map(|seconds| format!("{} billed", duration(seconds)));
        let mut lines = vec![behind(&job.arn, '/').to_owned()];
        lines.extend(joined([job.status.clone(), job.instance_type.clone(), paid]));
        let given = job
            .hyperparameters
            .iter()
            .map(|(name, value)| format!("{name} {value}"));
        lines.extend(joined(given.map(Some)));
        lines
    }

    fn model(&self) -> Vec<String> {
        let package = &self.model_package;
        let mut lines = vec![package.model.clone()];
        lines.extend(joined(
            self.metrics.iter().map(|(name, value)| Some(format!("{name} {value}"))),
        ));
        let registered = package
            .registered_at
            .as_ref()
            .map(|at| format!("registered {}", minute(at)));
        lines.extend(joined([registered]));
        let why = package.approval_description.as_ref();
        lines.extend(why.map(|why| format!("{}: {why}", package.approval)));
        lines.extend(
            package
                .last_modified_by
                .as_ref()
                .map(|who| format!("last changed by {who}")),
        );
        lines
    }

    fn deployment(&self) -> Vec<String> {
        match &self.deployment {
            None => vec!["none: it has never been deployed".to_owned()],
            Some(deployment) => deployment.lines(),
        }
    }

    fn last_line(&self) -> String {
        let count = |verdict, one: &str, many: &str| match self.count(verdict) {
            0 => None,
            1 => Some(format!("1 link {one}")),
            several => Some(format!("{several} links {many}")),
        };
        let said: Vec<_> = [
            count(Verdict::Agrees, "agrees", "agree"),
            count(Verdict::Broken, "is broken", "are broken"),
            count(Verdict::Forgotten, "is forgotten", "are forgotten"),
            count(Verdict::Unseen, "could not be seen", "could not be seen"),
        ]
        .into_iter()
        .flatten()
        .collect();
        said.join(", ")
    }
}

impl Deployment {
    fn lines(&self) -> Vec<String> {
        let since = self
            .deployed_at
            .as_ref()
            .map(|at| format!(" since {}", minute(at)))
            .unwrap_or_default();
        let state = match (self.in_service, &self.replaced_by) {
            (Some(true), _) => format!("in service{since}"),
            (Some(false), Some(other)) => {
                let model = other.model_package.as_deref().map(|arn| behind(arn, '/'));
                let model = model.map(|version| format!(", version {version}")).unwrap_or_default();
                format!(
                    "deployed{since}, replaced by {}{model}",
                    behind(&other.task_definition, '/')
                )
            }
            _ => format!("deployed{since}"),
        };
        let service = self.service.clone();
        service
            .into_iter()
            .chain([self.task_definition.clone(), state])
            .collect()
    }
}

fn or_unknown(lines: Vec<String>) -> Vec<String> {
    if lines.is_empty() {
        vec!["not known".to_owned()]
    } else {
        lines
    }
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Agrees => 0,
        Verdict::Forgotten => 1,
        Verdict::Unseen => 2,
        Verdict::Broken => 3,
    }
}

fn mark(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Agrees => "✓",
        Verdict::Forgotten => "·",
        Verdict::Unseen => "?",
        Verdict::Broken => "✗",
    }
}

/// A time to the second, as people read it.
fn minute(at: &str) -> String {
    match at.parse::<jiff::Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        Err(_) => at.to_owned(),
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.1} min", seconds / 60.0)
    }
}
