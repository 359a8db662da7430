//! Dockerfiles of functions, as far as an image of AWS's own lies under them: what is copied to where, what pip or npm
//! install, and which handler it is.
//!
//! No engine builds them. So other base images, several stages and what only a container could do are refused by name.

use crate::python::Install;
use std::collections::BTreeMap;

/// Where AWS has its base images for functions.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>.
const BASES: [&str; 2] = ["public.ecr.aws/lambda/", "amazon/aws-lambda-"];

/// What those images set.
const OF_BASE: [(&str, &str); 2] = [
    ("LAMBDA_TASK_ROOT", "/var/task"),
    ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
];

/// What a Dockerfile says of a function.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The name of the runtime that the base image has.
    pub(super) runtime: String,
    /// Files and folders of the context, by their patterns, and the place of the image that they get.
    pub(super) copies: Vec<(Vec<String>, String)>,
    /// Variables.
    pub(super) variables: BTreeMap<String, String>,
    /// What pip installs, with paths of the image.
    pub(super) installs: Vec<Install>,
    /// Whether npm installs what `package.json` lists.
    pub(super) has_npm: bool,
    /// The handler.
    pub(super) command: Vec<String>,
    /// What is not done here.
    pub(super) skipped: Vec<String>,
}

/// The runtime of a base image of AWS's, such as `python3.12` of `public.ecr.aws/lambda/python:3.12`.
pub(super) fn runtime_of(base: &str) -> Option<String> {
    let name = BASES.iter().find_map(|begin| base.strip_prefix(begin))?;
    let (family, tag) = name.split_once(':').unwrap_or((name, "latest"));
    // A tag may go on with a date or an architecture.
    let numbers = tag.split(['-', '@']).next().unwrap_or_default().split('.');
    let version = |most: usize| numbers.clone().take(most).collect::<Vec<_>>().join(".");
    match family {
        "python" => Some(format!("python{}", version(2))),
        "nodejs" => Some(format!("nodejs{}.x", version(1))),
        _ => None,
    }
}

/// Reads a Dockerfile with these values of its arguments.
pub(super) fn read(text: &str, arguments: &BTreeMap<String, String>) -> Result<Recipe, String> {
    let mut reader = Reader {
        arguments,
        known: BTreeMap::new(),
        directory: OF_BASE[0].1.to_owned(),
        recipe: Recipe::default(),
    };
    for (line, instruction) in instructions(text) {
        let (name, rest) = instruction
            .split_once(char::is_whitespace)
            .unwrap_or((&instruction, ""));
        let read = reader.read(&name.to_ascii_uppercase(), rest.trim());
        read.map_err(|why| format!("Dockerfile:{line}: {why}"))?;
    }
    if reader.recipe.runtime.is_empty() {
        return Err("Dockerfile: FROM is missing".to_owned());
    }
    Ok(reader.recipe)
}

struct Reader<'a> {
    arguments: &'a BTreeMap<String, String>,
    /// What texts may name.
    known: BTreeMap<String, String>,
    directory: String,
    recipe: Recipe,
}

impl Reader<'_> {
    fn read(&mut self, name: &str, rest: &str) -> Result<(), String> {
        let text = expand(rest, &self.known);
        match name {
            "FROM" => self.from(&text)?,
            "ARG" => {
                let (name, default) = text.split_once('=').unwrap_or((&text, ""));
                let value = self.arguments.get(name).map_or(default, String::as_str);
                self.known.insert(name.to_owned(), unquoted(value).to_owned());
            }
            "ENV" => {
                for (name, value) in pairs(&text) {
                    self.known.insert(name.clone(), value.clone());
                    self.recipe.variables.insert(name, value);
                }
            }
            "WORKDIR" => self.directory = join(&self.directory, &text),
            "COPY" | "ADD" => self.copy(name, &text)?,
            "RUN" => self.run(&text),
            "CMD" => {
                let list = serde_json::from_str(rest);
                self.recipe.command = list.map_err(|_| format!("CMD must be a list with the handler: {rest}"))?;
            }
            "ENTRYPOINT" => {
                let why = "without a container engine it is the base image's own entry point that runs";
                return Err(format!("ENTRYPOINT {rest}: {why}"));
            }
            "EXPOSE" | "LABEL" | "MAINTAINER" | "SHELL" | "STOPSIGNAL" | "USER" | "VOLUME" | "HEALTHCHECK" => {}
            _ => return Err(format!("the local run does not have the instruction `{name}`")),
        }
        Ok(())
    }

    fn from(&mut self, text: &str) -> Result<(), String> {
        if !self.recipe.runtime.is_empty() {
            return Err("without a container engine the local run builds one stage, not several".to_owned());
        }
        let base = text
            .split_whitespace()
            .find(|word| !word.starts_with("--"))
            .unwrap_or_default();
        self.recipe.runtime = runtime_of(base).ok_or_else(|| {
            format!(
                "without a container engine the local run has no base image `{base}`: it stands in for \
                 public.ecr.aws/lambda/python and public.ecr.aws/lambda/nodejs"
            )
        })?;
        self.known
            .extend(OF_BASE.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Ok(())
    }

    fn copy(&mut self, name: &str, text: &str) -> Result<(), String> {
        let listed: Option<Vec<String>> = serde_json::from_str(text).ok();
        let words = listed.unwrap_or_else(|| words(text));
        let (options, mut paths): (Vec<String>, Vec<String>) =
            words.into_iter().partition(|word| word.starts_with("--"));
        let known = |option: &&String| {
            ["--chown=", "--chmod=", "--link"]
                .iter()
                .any(|known| option.starts_with(known))
        };
        if let Some(option) = options.iter().find(|option| !known(option)) {
            return Err(format!("the local run does not have `{name} {option}`"));
        }
        let target = paths
            .pop()
            .filter(|_| !paths.is_empty())
            .ok_or_else(|| format!("{name} takes two paths"))?;
        let is_folder = target.ends_with('/') || target.ends_with('.') || paths.len() > 1;
        let place = join(&self.directory, &target);
        let place = if is_folder {
            format!("{}/", place.trim_end_matches('/'))
        } else {
            place
        };
        self.recipe.copies.push((paths, place));
        Ok(())
    }

    /// Of what a `RUN` does, packages are installed; the rest is told.
    fn run(&mut self, text: &str) {
        for command in text.split("&&").flat_map(|command| command.split(';')) {
            let words = words(command);
            let done = match pip(&words) {
                Some(arguments) => self.pip(arguments),
                None => match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                    ["npm", "install" | "ci" | "i", ..] => {
                        self.recipe.has_npm = true;
                        Ok(())
                    }
                    [] => Ok(()),
                    _ => Err("of RUN only pip install and npm install are done without an engine".to_owned()),
                },
            };
            if let Err(why) = done {
                self.recipe
                    .skipped
                    .push(format!("RUN {} is skipped: {why}", command.trim()));
            }
        }
    }

    fn pip(&mut self, arguments: &[String]) -> Result<(), String> {
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
            match name {
                "-r" | "--requirement" => {
                    let file = value
                        .or_else(|| arguments.next().cloned())
                        .ok_or("pip's --requirement needs a file")?;
                    install.files.push(join(&self.directory, &file));
                }
                // They are found wherever they lie.
                "-t" | "--target" => drop(value.or_else(|| arguments.next().cloned())),
                "--index-url" | "--extra-index-url" | "-i" => {
                    let value = value
                        .or_else(|| arguments.next().cloned())
                        .ok_or("pip's index needs a URL")?;
                    install.options.extend([name.to_owned(), value]);
                }
                "--require-hashes" | "--no-deps" => install.options.push(name.to_owned()),
                _ if name.starts_with('-') => {}
                _ if name.starts_with(['.', '/']) => return Err(format!("`{name}` is a path of the image")),
                // It has one.
                "pip" | "setuptools" | "wheel" => {}
                _ => install.packages.push(argument.clone()),
            }
        }
        self.recipe.installs.push(install);
        Ok(())
    }
}

/// What follows `pip install`, however pip is called.
fn pip(words: &[String]) -> Option<&[String]> {
    let rest = match words {
        [python, m, rest @ ..] if python.starts_with("python") && m == "-m" => rest,
        words => words,
    };
    match rest {
        [pip, install, arguments @ ..] if pip.starts_with("pip") && install == "install" => Some(arguments),
        _ => None,
    }
}

/// The instructions with their lines: comments go, continued lines are joined.
fn instructions(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (piece, continues) = line
            .strip_suffix('\\')
            .map_or((line, false), |piece| (piece.trim_end(), true));
        match found.last_mut() {
            Some((_, whole)) if goes_on => {
                whole.push(' ');
                whole.push_str(piece);
            }
            _ => found.push((at + 1, piece.to_owned())),
        }
        goes_on = continues;
    }
    found
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| unquoted(word).to_owned()).collect()
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

/// `A=1 B=2`, or the old `A some text`.
fn pairs(text: &str) -> Vec<(String, String)> {
    if let Some((name, value)) = text.split_once(char::is_whitespace)
        && !name.contains('=')
    {
        return vec![(name.to_owned(), unquoted(value.trim()).to_owned())];
    }
    let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), unquoted(value).to_owned()))
        .collect()
}

/// Puts `$NAME` and `${NAME}` into a text.
fn expand(text: &str, known: &BTreeMap<String, String>) -> String {
    let mut expanded = text.to_owned();
    // The longest first: `$AB` is not `$A` with a letter behind it.
    let mut names: Vec<&String> = known.keys().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        for written in [format!("${{{name}}}"), format!("${name}")] {
            expanded = expanded.replace(&written, &known[name]);
        }
    }
    expanded
}

/// A path in the image, from a working directory, without `.` and `..`.
fn join(directory: &str, path: &str) -> String {
    let from = if path.starts_with('/') { "" } else { directory };
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_is_what_sam_begins_with() {
        let text = r#"
ARG PYTHON=3.12
FROM --platform=linux/amd64 public.ecr.aws/lambda/python:${PYTHON}
ENV MODE=fast LEVEL="1"
COPY app.py requirements.txt ./
COPY ["src", "${LAMBDA_TASK_ROOT}/src/"]
COPY data.json /opt/data.json
RUN python3.12 -m pip install -r requirements.txt -t . && \
    # why
    pip install --upgrade pip numpy==2
RUN dnf install -y gcc
CMD ["app.lambda_handler"]
"#;
        let recipe = read(text, &BTreeMap::new()).unwrap();
        assert_eq!(recipe.runtime, "python3.12");
        let copies: Vec<String> = recipe
            .copies
            .iter()
            .map(|(from, to)| format!("{} {to}", from.join(" ")))
            .collect();
        assert_eq!(
            copies,
            [
                "app.py requirements.txt /var/task/",
                "src /var/task/src/",
                "data.json /opt/data.json"
            ]
        );
        assert_eq!(recipe.installs[0].files, ["/var/task/requirements.txt"]);
        assert_eq!(recipe.installs[1].packages, ["numpy==2"]);
        assert_eq!(recipe.command, ["app.lambda_handler"]);
        assert_eq!(recipe.variables["MODE"], "fast");
        let why = "of RUN only pip install and npm install are done without an engine";
        assert_eq!(recipe.skipped, [format!("RUN dnf install -y gcc is skipped: {why}")]);
        let other = read(text, &[("PYTHON".to_owned(), "3.13".to_owned())].into()).unwrap();
        assert_eq!(other.runtime, "python3.13");
    }

    #[test]
    fn what_needs_an_engine_is_refused_by_name() {
        for (text, part) in [
            ("", "FROM is missing"),
            (
                "FROM python:3.12-slim",
                "Dockerfile:1: without a container engine the local run has no base image `python:3.12-slim`",
            ),
            ("FROM public.ecr.aws/lambda/provided:al2023", "has no base image"),
            (
                "FROM public.ecr.aws/lambda/python:3.12\nFROM x",
                "Dockerfile:2: without a container engine the local run builds one stage",
            ),
            (
                "FROM public.ecr.aws/lambda/python:3.12\nENTRYPOINT [\"x\"]",
                "ENTRYPOINT",
            ),
            (
                "FROM public.ecr.aws/lambda/python:3.12\nCOPY --from=b c d",
                "`COPY --from=b`",
            ),
            (
                "FROM public.ecr.aws/lambda/python:3.12\nCMD app.handler",
                "CMD must be a list",
            ),
            ("FROM public.ecr.aws/lambda/python:3.12\nONBUILD RUN x", "`ONBUILD`"),
        ] {
            let error = read(text, &BTreeMap::new()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn base_images_have_runtimes() {
        for (base, runtime) in [
            ("public.ecr.aws/lambda/python:3.12", Some("python3.12")),
            (
                "public.ecr.aws/lambda/python:3.12.2025.01.05.12-arm64",
                Some("python3.12"),
            ),
            ("amazon/aws-lambda-nodejs:22", Some("nodejs22.x")),
            ("public.ecr.aws/lambda/nodejs:20-x86_64", Some("nodejs20.x")),
            ("public.ecr.aws/lambda/java:21", None),
            ("node:22", None),
        ] {
            assert_eq!(runtime_of(base).as_deref(), runtime, "{base}");
        }
    }
}
