//! `stepline graph`: a state machine's definition as a drawing.

use super::session::Trouble;
use crate::print;
use clap::ValueEnum;
use state_graph::{Chart, Options, Overlay, Unreadable};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `graph` takes.
#[derive(clap::Args)]
pub(super) struct GraphOptions {
    /// The definition, such as statemachine/ml-pipeline.asl.json
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// As what it is drawn: an SVG file that needs nothing else, or a flowchart for Markdown
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    format: Format,
    /// Where it is written, in the place of the standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// As what a definition is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Svg,
    Mermaid,
}

/// Draws a definition.
pub(super) fn graph(options: &GraphOptions) -> Result<ExitCode, Trouble> {
    let shown = options.file.display();
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| Trouble::Usage(format!("cannot read `{shown}`: {error}")))?;
    let chart = Chart::read(&text).map_err(|error| Trouble::Other(unreadable(&options.file, &error)))?;
    let overlay = Overlay::default();
    let drawn = match options.format {
        Format::Svg => chart.svg_file(&overlay, &Options::default()),
        Format::Mermaid => chart.mermaid(&overlay),
    };
    let drawn = format!("{}\n", drawn.trim_end());
    match &options.output {
        None => print::out(format_args!("{drawn}")),
        Some(file) => std::fs::write(file, drawn)
            .map_err(|error| Trouble::Usage(format!("cannot write `{}`: {error}", file.display())))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Why a definition cannot be drawn, with the place in the file.
fn unreadable(file: &Path, error: &Unreadable) -> String {
    let file = file.display();
    match error {
        // A file that ends too early has no column there.
        Unreadable::Json { line, column, message } => format!("{file}:{line}:{}: error: {message}", column.max(&1)),
        Unreadable::NoStates => format!("{file}:1:1: error: {error}"),
    }
}
