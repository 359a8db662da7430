//! `pip install …`, in a Dockerfile's `RUN` and in a build: what it installs.

use super::instruction::{join, words};
use crate::python::Install;

/// Options of `pip install` that say nothing about what is installed.
const WITHOUT_MEANING: [&str; 7] = [
    "--disable-pip-version-check",
    "--no-cache-dir",
    "--no-input",
    "--quiet",
    "--upgrade",
    "-U",
    "-q",
];

/// Options that pip is given as they are; those that end with `=` take a value.
const HANDED_ON: [&str; 9] = [
    "--no-index",
    "--require-hashes",
    "--no-deps",
    "--only-binary=",
    "--no-binary=",
    "--index-url=",
    "-i=",
    "--extra-index-url=",
    "--find-links=",
];

/// The installs of a `RUN`. None if it is another command; an error if it is pip's and says what is not done here.
pub(super) fn installs(run: &str, directory: &str) -> Option<Result<Vec<Install>, String>> {
    let commands = run.split("&&").map(words);
    let mut found = Vec::new();
    for command in commands {
        let arguments = arguments(&command)?;
        match install(arguments, directory) {
            Ok(install) => found.push(install),
            Err(why) => return Some(Err(why)),
        }
    }
    Some(Ok(found))
}

/// What follows `pip install`, however pip is called.
fn arguments(command: &[String]) -> Option<&[String]> {
    let is_python = |word: &str| word == "python" || word == "python3";
    match command {
        [pip, install, rest @ ..] if (pip == "pip" || pip == "pip3") && install == "install" => Some(rest),
        [python, m, pip, install, rest @ ..]
            if is_python(python) && m == "-m" && pip == "pip" && install == "install" =>
        {
            Some(rest)
        }
        _ => None,
    }
}

/// What `pip install` with these arguments installs, for a command that runs in this directory.
pub(super) fn install(arguments: &[String], directory: &str) -> Result<Install, String> {
    let mut install = Install {
        options: Vec::new(),
        files: Vec::new(),
        packages: Vec::new(),
    };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with('-') => (name, Some(value.to_owned())),
            _ => (argument.as_str(), None),
        };
        let takes_value = HANDED_ON.contains(&format!("{name}=").as_str());
        if matches!(name, "-r" | "--requirement") {
            let file = value.or_else(|| arguments.next().cloned());
            let file = file.ok_or("pip's --requirement needs a file")?;
            install.files.push(join(directory, &file));
        } else if takes_value {
            let value = value.or_else(|| arguments.next().cloned());
            let value = value.ok_or_else(|| format!("pip's {name} needs a value"))?;
            install.options.extend([name.to_owned(), value]);
        } else if HANDED_ON.contains(&name) {
            install.options.push(name.to_owned());
        } else if WITHOUT_MEANING.contains(&name) || name == "--root-user-action" {
            // An environment of its own needs none of these.
        } else if name.starts_with('-') {
            return Err(format!("pip's {name} is not here"));
        } else if argument.starts_with(['.', '/']) || argument.contains('$') {
            return Err(format!("`{argument}` is a path or a variable of the image"));
        } else {
            install.packages.push(argument.clone());
        }
    }
    Ok(install)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(options: &[&str], files: &[&str], packages: &[&str]) -> Install {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        Install {
            options: texts(options),
            files: texts(files),
            packages: texts(packages),
        }
    }

    #[test]
    fn what_pip_is_to_install_is_found_in_its_commands() {
        for (run, expected) in [
            (
                "pip install -r requirements.txt",
                vec![made(&[], &["/app/requirements.txt"], &[])],
            ),
            (
                "python3 -m pip install --no-cache-dir --require-hashes --requirement=/r.txt",
                vec![made(&["--require-hashes"], &["/r.txt"], &[])],
            ),
            (
                "pip3 install --upgrade pip && pip3 install \"numpy>=2\" pandas==3",
                vec![made(&[], &[], &["pip"]), made(&[], &[], &["numpy>=2", "pandas==3"])],
            ),
            (
                "pip install --index-url https://example.com/simple x --root-user-action=ignore",
                vec![made(&["--index-url", "https://example.com/simple"], &[], &["x"])],
            ),
        ] {
            assert_eq!(installs(run, "/app"), Some(Ok(expected)), "{run}");
        }
    }

    #[test]
    fn other_commands_are_none_of_pips_and_what_is_not_here_is_named() {
        for run in [
            "apt-get update && apt-get install -y gcc",
            "pip install x && make",
            "pip list",
            "cd app && pip install x",
        ] {
            assert_eq!(installs(run, "/app"), None, "{run}");
        }
        for (run, named) in [
            ("pip install -e .", "pip's -e"),
            ("pip install .", "`.`"),
            ("pip install ./package", "`./package`"),
            ("pip install $PACKAGES", "`$PACKAGES`"),
            ("pip install --target /x y", "pip's --target"),
            ("pip install -r", "--requirement needs a file"),
        ] {
            let refused = installs(run, "/app").and_then(Result::err).expect(run);
            assert!(refused.contains(named), "{run}: {refused}");
        }
    }
}
