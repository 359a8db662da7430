//! What runs pip, and what pip is set up with.

use std::io::{self, BufRead, BufReader};
use std::process::{Command, Stdio};

/// Settings of pip by which it would install into another place than it is told to.
const ELSEWHERE: [&str; 4] = ["PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_USER"];

/// What stands before the names of variables that are meant for pip, in builds: there they mean nothing to any other
/// command.
const FOR_PIP: &str = "STEPLINE_FOR_PIP_";

/// Variables by which pip finds its settings and the network, beside its own `PIP_…`.
const NETWORK: [&str; 8] = [
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

/// This process's variables, as far as they are text.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The variables that a build gets for pip: what this machine's pip is set up with, under names of their own.
pub(crate) fn for_builds(variables: impl Iterator<Item = (String, String)>) -> impl Iterator<Item = (String, String)> {
    let meant = variables.filter(|(name, _)| name.starts_with("PIP_") || NETWORK.contains(&name.as_str()));
    let meant = meant.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    meant.map(|(name, value)| (format!("{FOR_PIP}{name}"), value))
}

/// The variables that pip gets of those of a build.
pub(crate) fn for_pip(variables: impl Iterator<Item = (String, String)>) -> impl Iterator<Item = (String, String)> {
    variables.filter_map(|(name, value)| Some((name.strip_prefix(FOR_PIP)?.to_owned(), value)))
}

/// Why packages are not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// Nothing could be reached that has them.
    #[error(
        "the packages that are to be installed are not on this machine yet, and no index of packages can be reached: \
         {0}. Connect it to a network once, or name an index that it reaches in pip's PIP_INDEX_URL"
    )]
    Unreachable(String),
    /// Any other reason, which an engine's build would have as well.
    #[error("the packages cannot be installed: {0}")]
    Failed(String),
}

/// What pip, or the library under it, says when nothing answers.
const UNREACHABLE: [&str; 7] = [
    "Connection refused",
    "ConnectTimeoutError",
    "Failed to establish a new connection",
    "NameResolutionError",
    "Network is unreachable",
    "ProxyError",
    "Temporary failure in name resolution",
];

/// Runs a command of pip or for it, with what pip is set up with; its lines are told as they come.
///
/// # Errors
/// Why it did not succeed.
pub(crate) fn run(command: &mut Command, say: &mut dyn FnMut(&str)) -> Result<(), Missing> {
    let failed = |error: io::Error| Missing::Failed(format!("python3: {error}"));
    // An active virtual environment of the user's, or a folder of modules, is not the job's.
    for name in ["VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"] {
        command.env_remove(name);
    }
    // Whatever a file of pip's settings says.
    command.envs(for_pip(variables())).env("PIP_USER", "0");
    let (lines, output) = io::pipe().map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let mut child = command.spawn().map_err(failed)?;
    // The command's ends of the pipe go with it.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (mut reason, mut unreachable) = (String::new(), None);
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        say(&line);
        unreachable = unreachable.or_else(|| UNREACHABLE.iter().find(|sign| line.contains(**sign)));
        if line.starts_with("ERROR") || reason.is_empty() {
            reason = line;
        }
    }
    let status = child.wait().map_err(failed)?;
    match unreachable {
        _ if status.success() => Ok(()),
        Some(sign) => Err(Missing::Unreachable((*sign).to_owned())),
        None => Err(Missing::Failed(reason)),
    }
}

/// What of pip's lines is told: packages as they are found, and what goes wrong.
pub(super) fn told(line: &str) -> Option<&str> {
    match line.strip_prefix("Collecting ") {
        Some(package) => package.split(" (from ").next(),
        None => ["ERROR", "Installing ", "Successfully "]
            .iter()
            .any(|begin| line.starts_with(begin))
            .then_some(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pip_is_set_up_with_reaches_it_through_a_build_and_nothing_else_does() {
        let given = [
            ("PIP_INDEX_URL", "i"),
            ("PIP_TARGET", "t"),
            ("HOME", "h"),
            ("HTTPS_PROXY", "p"),
            ("PATH", "x"),
            ("SECRET", "s"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let in_build: Vec<_> = for_builds(given.into_iter()).collect();
        assert!(
            in_build.iter().all(|(name, _)| name.starts_with(FOR_PIP)),
            "{in_build:?}"
        );
        let others = [("PIP_INDEX_URL".to_owned(), "the build's".to_owned())];
        let taken: Vec<_> = for_pip(in_build.into_iter().chain(others)).collect();
        let expected = [("PIP_INDEX_URL", "i"), ("HOME", "h"), ("HTTPS_PROXY", "p")];
        assert_eq!(taken, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
