//! Draws a definition: `cargo run -p state-graph --example draw -- statemachine/ml-pipeline.asl.json > graph.svg`, with
//! `--mermaid` as a flowchart for Markdown.

use state_graph::{Chart, Options, Overlay};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let file = arguments.iter().find(|argument| !argument.starts_with("--"));
    let file = file.ok_or("which definition? Give the path of an .asl.json file")?;
    let chart = Chart::read(&std::fs::read_to_string(file)?)?;
    let overlay = Overlay::default();
    if arguments.iter().any(|argument| argument == "--mermaid") {
        print!("{}", chart.mermaid(&overlay));
    } else {
        println!("{}", chart.svg_file(&overlay, &Options::default()));
    }
    Ok(())
}
