//! The command.

use services::codebuild::stand_in;
use std::process::ExitCode;

fn main() -> ExitCode {
    // Started as `docker` or `aws` in a build, this is one of CodeBuild's stand-ins.
    stand_in(std::env::args_os()).unwrap_or_else(stepline::cli::main)
}
