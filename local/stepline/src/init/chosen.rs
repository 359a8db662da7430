//! What the chain of a repository is to be: its container and its definition are looked for, the rest is asked.

use super::around::{self, Around, Container, Environment, Environments};
use super::asked::Asked;
use super::error::InitError;
use super::own::{Definition, Needs};
use super::question::{Asks, Question};
use crate::project::{files_named, is_named_so};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

const REGION: &str = "--region";
const REPOSITORY: &str = "--repository";
const ENVIRONMENT: &str = "--environment";
const CONTAINER: &str = "--container";
const DEFINITION: &str = "--definition";

/// Where a container is written that is not there yet.
const NEW_CONTAINER: &str = "container";

/// Finds out what the chain of the repository at `root` is to be.
pub(super) async fn choose(root: &Path, asked: &Asked, asks: &mut dyn Asks) -> Result<Around, InitError> {
    let container = container(root, asked, asks).await?;
    let definition = definition(root, asked, asks).await?;
    let of_definition = definition.as_ref().and_then(Definition::region);
    let region = Question {
        what: "Region of AWS".to_owned(),
        flag: REGION.to_owned(),
        default: of_definition.or_else(|| Some(asked.usual_region.clone().unwrap_or_else(|| "us-east-1".to_owned()))),
        read: &|text| matching(text, "[a-z]{2}(-[a-z]+)+-[0-9]+", "a region, such as eu-west-1"),
    };
    let region = region.settle(asked.region.as_deref(), asks).await?;
    let repository = Question {
        what: "Repository on GitHub, OWNER/NAME".to_owned(),
        flag: REPOSITORY.to_owned(),
        default: remote(root),
        read: &|text| matching(text, "[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", "OWNER/NAME"),
    };
    let repository = repository.settle(asked.repository.as_deref(), asks).await?;
    let environments = Question {
        what: "Environments with their branches, the one in production last".to_owned(),
        flag: ENVIRONMENT.to_owned(),
        default: Some("dev=dev prod=main".to_owned()),
        read: &environments,
    };
    let given = (!asked.environments.is_empty()).then(|| asked.environments.join(" "));
    let environments = environments.settle(given.as_deref(), asks).await?;
    let machine = match definition {
        Some(definition) => {
            let needs = needs(&definition, asked, asks).await?;
            Some((definition, needs))
        }
        None => None,
    };
    Ok(Around {
        region,
        repository,
        connection: asked.connection.clone(),
        environments,
        container,
        machine,
    })
}

/// What the definition needs, once the values of its substitutions are known.
async fn needs(definition: &Definition, asked: &Asked, asks: &mut dyn Asks) -> Result<Needs, InitError> {
    let unknown: Vec<&str> = definition.unknown().collect();
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in &asked.substitutions {
        if !definition.has(name) {
            return Err(InitError::Wrong {
                flag: "--substitution".to_owned(),
                value: format!("{name}={value}"),
                message: format!("{} has no `${{{name}}}`", definition.file),
            });
        }
        values.insert(name.clone(), value.clone());
    }
    for name in unknown {
        if !values.contains_key(name) {
            let value = Question {
                what: format!(
                    "Value of ${{{name}}} in {} (it may name ${{Environment}})",
                    definition.file
                ),
                flag: format!("--substitution {name}=VALUE"),
                default: None,
                read: &|text| Ok::<String, String>(text.to_owned()),
            };
            values.insert(name.to_owned(), value.settle(None, asks).await?);
        }
    }
    definition.needs(&values).map_err(|message| InitError::Wrong {
        flag: DEFINITION.to_owned(),
        value: definition.file.clone(),
        message,
    })
}

/// The container: what an option names, the only one, or a new one.
async fn container(root: &Path, asked: &Asked, asks: &mut dyn Asks) -> Result<Container, InitError> {
    let found = below(root, |name| name == "Dockerfile");
    if found.is_empty() && asked.container.is_none() {
        return Ok(Container {
            folder: NEW_CONTAINER.to_owned(),
            dockerfile: None,
            is_new: true,
        });
    }
    let read = |text: &str| {
        let given = text.trim_end_matches('/');
        let inner = format!("{given}/Dockerfile");
        let file = [given.to_owned(), inner.trim_start_matches("./").to_owned()];
        let file = file.into_iter().find(|file| root.join(file).is_file());
        let file = file.ok_or_else(|| format!("there is no {inner}"))?;
        match around::is_plain(Path::new(&file)) {
            true => Ok(context(root, &file)),
            false => Err("letters, digits and `._-/` alone can stand in a build".to_owned()),
        }
    };
    let question = Question {
        what: format!("Dockerfile ({})", found.join(", ")),
        flag: CONTAINER.to_owned(),
        default: only(&found),
        read: &read,
    };
    // One that is alone is no question.
    let given = asked.container.clone().or_else(|| only(&found));
    question.settle(given.as_deref(), asks).await
}

/// The folder that a Dockerfile copies from: its own, or the repository's, where what it copies is there alone.
fn context(root: &Path, dockerfile: &str) -> Container {
    let (folder, name) = dockerfile.rsplit_once('/').unwrap_or((".", dockerfile));
    let text = std::fs::read_to_string(root.join(dockerfile)).unwrap_or_default();
    let copied: Vec<&str> = text.lines().flat_map(copied).collect();
    let all_below = |folder: &Path| {
        copied
            .iter()
            .all(|source| folder.join(source.trim_start_matches('/')).exists())
    };
    let is_of_root = folder != "." && !all_below(&root.join(folder)) && all_below(root);
    let is_named_otherwise = name != "Dockerfile";
    Container {
        folder: if is_of_root { ".".to_owned() } else { folder.to_owned() },
        dockerfile: (is_of_root || is_named_otherwise).then(|| dockerfile.to_owned()),
        is_new: false,
    }
}

/// What a line of a Dockerfile copies, as far as it is plain.
fn copied(line: &str) -> Vec<&str> {
    let mut words = line.split_whitespace();
    let is_copy = words
        .next()
        .is_some_and(|word| ["COPY", "ADD"].contains(&word.to_uppercase().as_str()));
    let mut words: Vec<&str> = words.collect();
    let is_plain = |word: &&str| !word.contains(['*', '?', '$', '[', '"', ':']);
    if !is_copy || words.iter().any(|word| word.starts_with("--from")) || !words.iter().all(is_plain) {
        return Vec::new();
    }
    words.retain(|word| !word.starts_with("--"));
    words.pop();
    words
}

/// The definition: what an option names, or the only one.
async fn definition(root: &Path, asked: &Asked, asks: &mut dyn Asks) -> Result<Option<Definition>, InitError> {
    let found = below(root, |name| is_named_so(Path::new(name)));
    if found.is_empty() && asked.definition.is_none() {
        return Ok(None);
    }
    let read = |text: &str| match (root.join(text).is_file(), around::is_plain(Path::new(text))) {
        (false, _) => Err("there is no such file".to_owned()),
        (true, false) => Err("letters, digits and `._-/` alone can stand in a template".to_owned()),
        (true, true) => Definition::read(root, text),
    };
    let question = Question {
        what: format!("Definition ({})", found.join(", ")),
        flag: DEFINITION.to_owned(),
        default: None,
        read: &read,
    };
    let given = asked.definition.clone().or_else(|| only(&found));
    question.settle(given.as_deref(), asks).await.map(Some)
}

/// The files of such a name, from the root.
fn below(root: &Path, is: fn(&str) -> bool) -> Vec<String> {
    let found = files_named(root, is).into_iter();
    found
        .filter_map(|file| Some(file.strip_prefix(root).ok()?.to_string_lossy().into_owned()))
        .collect()
}

fn only(found: &[String]) -> Option<String> {
    match found {
        [only] => Some(only.clone()),
        _ => None,
    }
}

fn matching(text: &str, pattern: &str, what: &str) -> Result<String, String> {
    let fits = Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text));
    match fits {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` must be {what}")),
    }
}

/// Names that mean something else in the templates.
const TAKEN: &[&str] = &["none", "default", "deployer", "always", "never", "in"];

/// Two environments with their branches.
fn environments(text: &str) -> Result<Environments, String> {
    let one = |text: &str| -> Result<Environment, String> {
        let (name, branch) = text.split_once('=').unwrap_or((text, text));
        let name = matching(name, "[a-z][a-z0-9]{0,11}", "at most 12 small letters and digits")?;
        if TAKEN.contains(&name.as_str()) {
            return Err(format!("`{name}` means something else in the templates"));
        }
        let branch = matching(branch, "[A-Za-z0-9._/-]+", "a branch")?;
        Ok(Environment { name, branch })
    };
    let both: Vec<Environment> = text
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .map(one)
        .collect::<Result<_, _>>()?;
    let names: BTreeSet<&str> = both.iter().map(|one| one.name.as_str()).collect();
    let branches: BTreeSet<&str> = both.iter().map(|one| one.branch.as_str()).collect();
    match both.as_slice() {
        [first, production] if names.len() == 2 && branches.len() == 2 => Ok(Environments {
            first: first.clone(),
            production: production.clone(),
        }),
        _ => Err("it takes two environments with a branch each, such as dev=develop and prod=main".to_owned()),
    }
}

/// The repository on GitHub that a clone came from.
fn remote(root: &Path) -> Option<String> {
    let asked = Command::new("git")
        .args(["remote", "get-url", "origin"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output();
    let said = asked.ok().filter(|output| output.status.success())?;
    of_url(String::from_utf8_lossy(&said.stdout).trim())
}

/// The repository that a URL of GitHub's names.
fn of_url(url: &str) -> Option<String> {
    let path = url.split_once("github.com")?.1.trim_start_matches([':', '/']);
    let path = path.trim_end_matches('/').trim_end_matches(".git");
    matching(path, "[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", "").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remote_names_a_repository() {
        for (url, expected) in [
            ("git@github.com:team/models.git", Some("team/models")),
            ("https://github.com/team/models", Some("team/models")),
            ("https://user:secret@github.com/team/models.git/", Some("team/models")),
            ("ssh://git@github.com/team/models.git", Some("team/models")),
            ("https://example.com/team/models", None),
            ("https://github.com/team", None),
        ] {
            assert_eq!(of_url(url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn environments_are_two_with_a_branch_each() {
        let both = environments("try=develop live=release/1").unwrap();
        assert_eq!(
            (both.first.name.as_str(), both.first.branch.as_str()),
            ("try", "develop")
        );
        assert_eq!(both.production.branch, "release/1");
        assert_eq!(environments("a b").unwrap().production.branch, "b");
        for (text, why) in [
            ("dev=dev", "two environments"),
            ("a=x b=x", "two environments"),
            ("a=x a=y", "two environments"),
            ("Dev=dev prod=main", "small letters"),
            ("none=dev prod=main", "means something else"),
            ("dev= prod=main", "a branch"),
        ] {
            let error = environments(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn a_build_copies_from_where_its_files_are() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let file = root.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        write("src/main.py", "");
        write(
            "docker/Dockerfile",
            "FROM x\nCOPY --chown=1 src/main.py /opt/\nCOPY --from=y a b\n",
        );
        write("job/Dockerfile", "FROM x\nCOPY main.py /opt/\n");
        write("job/main.py", "");
        write("job/Dockerfile.gpu", "FROM x\n");
        let of = |file: &str| {
            let found = context(root.path(), file);
            (found.folder, found.dockerfile)
        };
        let named = |file: &str| Some(file.to_owned());
        assert_eq!(of("docker/Dockerfile"), (".".to_owned(), named("docker/Dockerfile")));
        assert_eq!(of("job/Dockerfile"), ("job".to_owned(), None));
        assert_eq!(
            of("job/Dockerfile.gpu"),
            ("job".to_owned(), named("job/Dockerfile.gpu"))
        );
    }
}
