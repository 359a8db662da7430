//! From samples to medians, the table, the JSON, and what passed its bound.

use crate::Fallible;
use crate::subject::Subject;
use serde_json::{Value, json};
use std::io::Write as _;
use std::time::Duration;

/// The deployed zip of a function may weigh at most this.
const ZIP_BYTES_AT_MOST: usize = 2_000_000;

/// What was measured of one subject.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) starts: Vec<Duration>,
    pub(crate) firsts: Vec<Duration>,
    pub(crate) warms: Vec<Duration>,
    pub(crate) handshakes: Vec<Duration>,
    pub(crate) memory_kb: Vec<u64>,
    pub(crate) calls_first: usize,
    pub(crate) calls_warm: usize,
}

/// The medians of one subject.
struct Figures {
    name: &'static str,
    start: Duration,
    first: Duration,
    warm: Duration,
    peak_memory_kb: Option<u64>,
    binary_bytes: Option<usize>,
    zip_bytes: Option<usize>,
    calls_first: usize,
    calls_warm: usize,
}

/// The medians of all.
pub(crate) struct Report {
    runs: usize,
    handshake: Duration,
    figures: Vec<Figures>,
}

impl Report {
    /// The medians of what was measured, and the weight of each binary.
    pub(crate) fn of(runs: usize, subjects: &[Subject], mut samples: Vec<Samples>) -> Fallible<Self> {
        let handshakes = samples
            .iter_mut()
            .flat_map(|samples| samples.handshakes.drain(..))
            .collect();
        let figures = subjects.iter().zip(samples).map(|(subject, samples)| {
            let is_binary = subject.program.len() == 1;
            let binary = is_binary.then(|| std::fs::read(&subject.program[0])).transpose()?;
            Ok(Figures {
                name: subject.name,
                start: median(samples.starts).unwrap_or_default(),
                first: median(samples.firsts).unwrap_or_default(),
                warm: median(samples.warms).unwrap_or_default(),
                peak_memory_kb: median(samples.memory_kb),
                binary_bytes: binary.as_ref().map(Vec::len),
                zip_bytes: binary.map(|bytes| zipped(&bytes)).transpose()?,
                calls_first: samples.calls_first,
                calls_warm: samples.calls_warm,
            })
        });
        Ok(Self {
            runs,
            handshake: median(handshakes).unwrap_or_default(),
            figures: figures.collect::<Fallible<_>>()?,
        })
    }

    fn start_of(&self, name: &str) -> Option<f64> {
        let row = self.figures.iter().find(|row| row.name == name)?;
        Some(row.start.as_secs_f64())
    }

    /// How many times the bare function's start a start takes.
    fn of_bare(&self, row: &Figures) -> Option<f64> {
        Some(row.start.as_secs_f64() / self.start_of("bare-function")?)
    }

    /// How many such starts fit into one of Python.
    fn in_python(&self, row: &Figures) -> Option<f64> {
        Some(self.start_of("python-boto3")? / row.start.as_secs_f64())
    }

    /// A first invocation, in parts of three warm ones and one TLS handshake.
    fn of_warm(&self, row: &Figures) -> f64 {
        row.first.as_secs_f64() / (3.0 * row.warm.as_secs_f64() + self.handshake.as_secs_f64())
    }

    /// The table, in Markdown.
    pub(crate) fn table(&self) -> String {
        let milliseconds = |duration: Duration| format!("{:.2}", duration.as_secs_f64() * 1000.0);
        let megabytes = |bytes: Option<usize>| bytes.map_or("-".into(), |bytes| format!("{:.2}", bytes as f64 / 1e6));
        let mut text = format!(
            "Medians of {} processes each, on {}; one TLS handshake takes {} ms.\n\n\
             | function | start to first /next, ms | of bare | of Python | first invocation, ms | warm, ms \
             | first ÷ (3 warm + handshake) | peak memory, MB | binary, MB | zip, MB | AWS calls, first / warm |\n\
             | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
            self.runs,
            machine(),
            milliseconds(self.handshake)
        );
        for row in &self.figures {
            text += &format!(
                "| `{}` | {} | {} | {} | {} | {} | {:.2} | {} | {} | {} | {} / {} |\n",
                row.name,
                milliseconds(row.start),
                self.of_bare(row).map_or("-".into(), |ratio| format!("{ratio:.2}")),
                self.in_python(row).map_or("-".into(), |ratio| format!("1/{ratio:.0}")),
                milliseconds(row.first),
                milliseconds(row.warm),
                self.of_warm(row),
                row.peak_memory_kb
                    .map_or("-".into(), |kb| format!("{:.1}", kb as f64 * 1024.0 / 1e6)),
                megabytes(row.binary_bytes),
                megabytes(row.zip_bytes),
                row.calls_first,
                row.calls_warm,
            );
        }
        text
    }

    /// The same, for programs.
    pub(crate) fn as_json(&self) -> Value {
        let row = |row: &Figures| {
            json!({
                "function": row.name,
                "startSeconds": row.start.as_secs_f64(),
                "startOfBare": self.of_bare(row),
                "startsInPython": self.in_python(row),
                "firstInvocationSeconds": row.first.as_secs_f64(),
                "warmInvocationSeconds": row.warm.as_secs_f64(),
                "firstOfThreeWarmAndHandshake": self.of_warm(row),
                "peakMemoryKb": row.peak_memory_kb,
                "binaryBytes": row.binary_bytes,
                "zipBytes": row.zip_bytes,
                "awsCallsFirst": row.calls_first,
                "awsCallsWarm": row.calls_warm,
            })
        };
        json!({
            "machine": machine(),
            "runs": self.runs,
            "tlsHandshakeSeconds": self.handshake.as_secs_f64(),
            "functions": self.figures.iter().map(row).collect::<Vec<_>>(),
        })
    }

    /// What grew past its bound.
    pub(crate) fn breaches(&self, subjects: &[Subject]) -> Vec<String> {
        let mut breaches = Vec::new();
        for (row, subject) in self.figures.iter().zip(subjects) {
            if let Some(bytes) = row.zip_bytes.filter(|bytes| *bytes > ZIP_BYTES_AT_MOST) {
                breaches.push(format!(
                    "{}: its zip has {bytes} bytes, over {ZIP_BYTES_AT_MOST}",
                    row.name
                ));
            }
            if let Some((first, warm)) = subject.calls_at_most
                && (row.calls_first > first || row.calls_warm > warm)
            {
                breaches.push(format!(
                    "{}: {} AWS calls in the first invocation and {} in a warm one, over {first} and {warm}",
                    row.name, row.calls_first, row.calls_warm
                ));
            }
        }
        breaches
    }
}

/// What the figures were measured on.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (system, architecture) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{cores} cores, {architecture} {system}")
}

fn median<T: Ord + Copy>(mut samples: Vec<T>) -> Option<T> {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied()
}

fn zipped(binary: &[u8]) -> Fallible<usize> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(
        "bootstrap",
        zip::write::SimpleFileOptions::default().unix_permissions(0o755),
    )?;
    zip.write_all(binary)?;
    Ok(zip.finish()?.into_inner().len())
}
