//! `samconfig.toml`, or `samconfig.yaml`: the stack, the template and the parameter values of each environment.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html>.

use super::fault::{Fault, TemplateError};
use super::yaml::Source;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A `samconfig.toml`.
#[derive(Debug, Clone)]
pub struct SamConfig {
    file: PathBuf,
    environments: Table,
}

/// What `sam deploy --config-env NAME` would deploy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Deployed {
    /// What `--config-env` is given for it.
    pub environment: String,
    /// The stack's name.
    pub stack: String,
    /// The template's file.
    pub template: PathBuf,
    /// The template itself, where somebody gives it to CloudFormation: no file of this machine belongs to it.
    pub text: Option<String>,
    /// The region, where the file names one: the environment's own, or the one of `default`.
    pub region: Option<String>,
    /// The parameters' values.
    pub values: BTreeMap<String, String>,
    /// Values that come over those, for the parameters among them that the template has.
    pub offered: BTreeMap<String, String>,
    /// Whether a parameter without a value gets one that stands in for it: nobody has said how the template is deployed.
    pub stands_in_values: bool,
}

impl SamConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// It cannot be read, or is neither TOML nor, where its name says so, YAML.
    pub fn read(file: &Path) -> Result<Self, TemplateError> {
        let locate = |fault: Fault| fault.locate(file.to_owned(), |_| None);
        let text = std::fs::read_to_string(file).map_err(|error| locate(Fault::new(error)))?;
        let is_yaml = file.extension().is_some_and(|ending| ending != "toml");
        let environments = match is_yaml {
            true => of_yaml(&text).map_err(locate)?,
            false => text
                .parse::<Table>()
                .map_err(|error| locate(Fault::new(error.message())))?,
        };
        Ok(Self {
            file: file.to_owned(),
            environments,
        })
    }

    /// The environments that the file knows, `default` aside.
    pub fn environments(&self) -> Vec<&str> {
        let tables = self.environments.iter().filter(|(_, value)| value.is_table());
        let names = tables.map(|(name, _)| name.as_str());
        names.filter(|name| *name != "default").collect()
    }

    /// The sections that name a stack, `default` among them.
    pub(crate) fn sections_with_stacks(&self) -> Vec<&str> {
        let tables = self.environments.iter();
        let with_stacks = tables.filter(|(_, section)| {
            section
                .as_table()
                .is_some_and(|section| setting(section, "stack_name").is_some())
        });
        with_stacks.map(|(name, _)| name.as_str()).collect()
    }

    /// What is deployed in an environment. As in SAM, an environment's section takes nothing from `default`. The region
    /// is the exception: the file says it once, in `default`, and `sam/deploy` passes it to SAM.
    ///
    /// # Errors
    /// The file does not know the environment, or lacks its stack's name, or has a value of another type than SAM's.
    pub fn deployed(&self, environment: &str) -> Result<Deployed, TemplateError> {
        self.read_environment(environment)
            .map_err(|fault| fault.within(environment).locate(self.file.clone(), |_| None))
    }

    fn read_environment(&self, environment: &str) -> Result<Deployed, Fault> {
        let section = self
            .environments
            .get(environment)
            .and_then(Value::as_table)
            .ok_or_else(|| {
                Fault::new(format_args!(
                    "there is no such environment; there are {}",
                    self.environments().join(", ")
                ))
            })?;
        let parameter = |name: &str| setting(section, name);
        let text = |name: &str| match parameter(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Fault::new("must be text").within(name)),
        };
        let region = match text("region")? {
            Some(own) => Some(own),
            None => self.shared_region()?,
        };
        let stack = text("stack_name")?.ok_or_else(|| Fault::new("has no `stack_name`"))?;
        let template = text("template_file")?.or(text("template")?);
        let directory = self.file.parent().unwrap_or(Path::new(""));
        let values = match parameter("parameter_overrides") {
            None => BTreeMap::new(),
            Some(overrides) => values(overrides).map_err(|fault| fault.within("parameter_overrides"))?,
        };
        Ok(Deployed {
            environment: environment.to_owned(),
            stack,
            template: template.map_or_else(|| usual_template(directory), |template| directory.join(template)),
            region,
            values,
            ..Deployed::default()
        })
    }

    fn shared_region(&self) -> Result<Option<String>, Fault> {
        let shared = ["default", "global", "parameters"]
            .iter()
            .try_fold(&self.environments, |table, name| table.get(*name)?.as_table());
        match shared.and_then(|shared| shared.get("region")) {
            None => Ok(None),
            Some(Value::String(region)) => Ok(Some(region.clone())),
            Some(_) => Err(Fault::new("must be text").within("region")),
        }
    }
}

/// A setting of the command `deploy`, or one for all commands.
fn setting<'s>(section: &'s Table, name: &str) -> Option<&'s Value> {
    ["deploy", "global"].iter().find_map(|command| {
        let parameters = section.get(*command)?.get("parameters")?;
        parameters.get(name)
    })
}

/// The template that SAM takes where none is named.
fn usual_template(directory: &Path) -> PathBuf {
    let usual = ["template.yaml", "template.yml", "template.json"].map(|name| directory.join(name));
    let found = usual.iter().find(|file| file.is_file());
    found.unwrap_or(&usual[0]).clone()
}

/// The same file as YAML.
fn of_yaml(text: &str) -> Result<Table, Fault> {
    let read = Source::read(text)?;
    match Value::try_from(&*read.value) {
        Ok(Value::Table(table)) => Ok(table),
        Ok(_) => Err(Fault::new("must be a map")),
        Err(error) => Err(Fault::new(error)),
    }
}

/// `["Key=Value", …]`, or the same in one text, separated by spaces outside quotation marks.
fn values(overrides: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let pairs: Vec<String> = match overrides {
        Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<_>>()
            .ok_or_else(|| Fault::new("must be a list of text"))?,
        Value::String(line) => split(line),
        _ => return Err(Fault::new("must be text or a list of text")),
    };
    pairs
        .iter()
        .map(|pair| {
            // The AWS CLI's way to write it.
            if let Some((name, value)) = pair
                .strip_prefix("ParameterKey=")
                .and_then(|rest| rest.split_once(",ParameterValue="))
            {
                return Ok((name.to_owned(), value.trim_matches('"').to_owned()));
            }
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| Fault::new(format_args!("`{pair}` must be NAME=VALUE")))?;
            Ok((name.to_owned(), value.trim_matches('"').to_owned()))
        })
        .collect()
}

fn split(line: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => parts.push(String::new()),
            other => {
                if let Some(last) = parts.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> SamConfig {
        SamConfig {
            file: "sam/samconfig.toml".into(),
            environments: text.parse().expect("TOML"),
        }
    }

    #[test]
    fn the_region_is_the_environments_own_or_the_one_that_all_share() {
        for (text, expected) in [
            ("[a.global.parameters]\nstack_name = \"a\"\n", Ok(None)),
            (
                concat!(
                    "[default.global.parameters]\nregion = \"eu-west-1\"\n",
                    "[a.global.parameters]\nstack_name = \"a\"\n",
                ),
                Ok(Some("eu-west-1".to_owned())),
            ),
            (
                concat!(
                    "[default.global.parameters]\nregion = \"eu-west-1\"\n",
                    "[a.global.parameters]\nstack_name = \"a\"\nregion = \"us-east-1\"\n",
                ),
                Ok(Some("us-east-1".to_owned())),
            ),
            (
                concat!(
                    "[default.global.parameters]\nregion = 1\n",
                    "[a.global.parameters]\nstack_name = \"a\"\n",
                ),
                Err("sam/samconfig.toml: a/region: must be text".to_owned()),
            ),
        ] {
            let region = config(text).deployed("a").map(|deployed| deployed.region);
            assert_eq!(region.map_err(|error| error.to_string()), expected, "{text}");
        }
    }

    #[test]
    fn environments() {
        let config = config(concat!(
            "version = 0.1\n",
            "[default.deploy.parameters]\nstack_name = \"never\"\n",
            "[dev.global.parameters]\nstack_name = \"shared\"\n",
            "[dev.deploy.parameters]\nstack_name = \"own\"\nparameter_overrides = [\"A=1\", \"B=x=y\"]\n",
            "[line.deploy.parameters]\nstack_name = \"line\"\ntemplate_file = \"other.yaml\"\n",
            "parameter_overrides = 'A=1 B=\"two words\"'\n",
            "[empty.deploy.parameters]\n",
            "[wrong.deploy.parameters]\nstack_name = 3\n",
        ));
        let pairs = |deployed: Deployed| {
            let values: Vec<String> = deployed.values.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!(
                "{} {} {}",
                deployed.stack,
                deployed.template.display(),
                values.join(",")
            )
        };
        for (environment, expected) in [
            ("dev", Ok("own sam/template.yaml A=1,B=x=y")),
            ("line", Ok("line sam/other.yaml A=1,B=two words")),
            ("empty", Err("sam/samconfig.toml: empty: has no `stack_name`")),
            ("wrong", Err("sam/samconfig.toml: wrong/stack_name: must be text")),
            (
                "absent",
                Err("sam/samconfig.toml: absent: there is no such environment; there are dev, line, empty, wrong"),
            ),
        ] {
            let deployed = config
                .deployed(environment)
                .map(pairs)
                .map_err(|error| error.to_string());
            let mut expected = expected.map(str::to_owned).map_err(str::to_owned);
            // The order of TOML tables is not promised.
            if let (Err(actual), Err(wanted)) = (&deployed, &mut expected)
                && actual.contains("there are")
            {
                wanted.truncate(wanted.find("dev,").unwrap_or(wanted.len()));
                assert!(actual.starts_with(wanted.as_str()), "{actual}");
                continue;
            }
            assert_eq!(deployed, expected);
        }
    }
}
