//! What a shell and a reader of manuals want of the command.

use super::session::Trouble;
use clap::Command;
use clap_complete::Shell;
use std::io::Write;
use std::process::ExitCode;

/// Prints the completions for a shell.
pub(super) fn completions(mut command: Command, shell: Shell) -> Result<ExitCode, Trouble> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, "stepline", &mut text);
    print(&text)
}

/// Prints the manual page.
pub(super) fn manual(command: Command) -> Result<ExitCode, Trouble> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(command).render(&mut text);
    rendered.map_err(|error| Trouble::Other(error.to_string()))?;
    print(&text)
}

fn print(text: &[u8]) -> Result<ExitCode, Trouble> {
    match std::io::stdout().write_all(text) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(Trouble::Other(format!("cannot print: {error}"))),
        Ok(()) => Ok(ExitCode::SUCCESS),
    }
}
