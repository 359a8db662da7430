//! The kinds of actions that the local run has: what each takes, as AWS's action structure reference says.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference.html> and
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-action-artifacts.html>.

use super::declaration::Action;
use super::parts::ActionType;
use super::stack;
use std::ops::RangeInclusive;

/// What carries an action out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// A source through a CodeConnections connection: here the working tree.
    Connection,
    /// An object of a bucket.
    Object,
    /// A build in CodeBuild.
    CodeBuild,
    /// An image that is built and pushed.
    ImageBuild,
    /// Shell commands.
    Commands,
    /// Files for a bucket.
    ObjectDeploy,
    /// New images for a service of ECS.
    Ecs,
    /// A stack of CloudFormation.
    CloudFormation,
    /// A Lambda function that answers a job.
    Lambda,
    /// An execution of a state machine.
    StepFunctions,
    /// Somebody's approval.
    Approval,
}

/// A kind of action.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) provider: Provider,
    category: &'static str,
    name: &'static str,
    /// What its configuration must have.
    needed: &'static [&'static str],
    /// What its configuration may have.
    optional: &'static [&'static str],
    /// What its configuration may have if it is `false`: the console writes it down, and the local run does not have it.
    absent: &'static [&'static str],
    /// How many artifacts it takes.
    inputs: RangeInclusive<usize>,
    /// How many artifacts it makes.
    outputs: RangeInclusive<usize>,
}

/// All of them.
const KINDS: [Kind; 12] = [
    Kind {
        provider: Provider::Connection,
        category: "Source",
        name: "CodeStarSourceConnection",
        needed: &["ConnectionArn", "FullRepositoryId", "BranchName"],
        optional: &["OutputArtifactFormat", "DetectChanges"],
        absent: &[],
        inputs: 0..=0,
        outputs: 1..=1,
    },
    Kind {
        provider: Provider::Object,
        category: "Source",
        name: "S3",
        needed: &["S3Bucket", "S3ObjectKey"],
        // Nothing polls here: a run is started by hand.
        optional: &["PollForSourceChanges"],
        absent: &["AllowOverrideForS3ObjectKey"],
        inputs: 0..=0,
        outputs: 1..=1,
    },
    Kind {
        category: "Build",
        ..CODEBUILD
    },
    Kind {
        category: "Test",
        ..CODEBUILD
    },
    Kind {
        provider: Provider::ImageBuild,
        category: "Build",
        name: "ECRBuildAndPublish",
        needed: &["ECRRepositoryName"],
        optional: &["DockerFilePath", "ImageTags", "RegistryType"],
        absent: &[],
        inputs: 1..=1,
        outputs: 0..=0,
    },
    Kind {
        provider: Provider::Commands,
        category: "Compute",
        name: "Commands",
        needed: &[],
        optional: &[],
        absent: &[],
        inputs: 1..=10,
        outputs: 0..=1,
    },
    Kind {
        provider: Provider::ObjectDeploy,
        category: "Deploy",
        name: "S3",
        needed: &["BucketName", "Extract"],
        optional: &["ObjectKey", "CannedACL", "CacheControl", "KMSEncryptionKeyARN"],
        absent: &[],
        inputs: 1..=1,
        outputs: 0..=0,
    },
    Kind {
        provider: Provider::Ecs,
        category: "Deploy",
        name: "ECS",
        needed: &["ClusterName", "ServiceName"],
        optional: &["FileName", "DeploymentTimeout"],
        absent: &[],
        inputs: 1..=1,
        outputs: 0..=0,
    },
    Kind {
        provider: Provider::CloudFormation,
        category: "Deploy",
        name: "CloudFormation",
        needed: &["ActionMode", "StackName"],
        optional: &[
            "Capabilities",
            "ChangeSetName",
            "OutputFileName",
            "ParameterOverrides",
            "RoleArn",
            "TemplateConfiguration",
            "TemplatePath",
        ],
        absent: &[],
        inputs: 0..=10,
        outputs: 0..=1,
    },
    Kind {
        provider: Provider::Lambda,
        category: "Invoke",
        name: "Lambda",
        needed: &["FunctionName"],
        optional: &["UserParameters"],
        absent: &[],
        inputs: 0..=5,
        outputs: 0..=5,
    },
    Kind {
        provider: Provider::StepFunctions,
        category: "Invoke",
        name: "StepFunctions",
        needed: &["StateMachineArn"],
        optional: &["ExecutionNamePrefix", "InputType", "Input"],
        absent: &[],
        inputs: 0..=1,
        outputs: 0..=1,
    },
    Kind {
        provider: Provider::Approval,
        category: "Approval",
        name: "Manual",
        needed: &[],
        optional: &["CustomData", "NotificationArn", "ExternalEntityLink"],
        absent: &[],
        inputs: 0..=0,
        outputs: 0..=0,
    },
];

const CODEBUILD: Kind = Kind {
    provider: Provider::CodeBuild,
    category: "",
    name: "CodeBuild",
    needed: &["ProjectName"],
    optional: &["PrimarySource", "EnvironmentVariables"],
    absent: &["BatchEnabled", "CombineArtifacts"],
    inputs: 1..=5,
    outputs: 0..=5,
};

/// The longest value of a configuration, before variables are resolved.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html>.
const CONFIGURATION_LIMIT: usize = 1000;

/// How many minutes an approval and a rule may take.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html> and
/// <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_RuleDeclaration.html>.
const MINUTES: RangeInclusive<u32> = 5..=86_400;

impl Kind {
    /// The kind of such an action.
    ///
    /// # Errors
    /// The local run does not have it.
    pub(super) fn of(it: &ActionType) -> Result<&'static Self, String> {
        let is_it = |kind: &&Self| {
            (kind.category, "AWS", kind.name, "1") == (&*it.category, &*it.owner, &*it.provider, &*it.version)
        };
        KINDS.iter().find(is_it).ok_or_else(|| {
            let known: Vec<String> = KINDS
                .iter()
                .map(|kind| format!("{} ({})", kind.name, kind.category))
                .collect();
            format!(
                "the local run has no provider `{}` of category `{}` (owner {}, version {}): it has {}",
                it.provider,
                it.category,
                it.owner,
                it.version,
                known.join(", ")
            )
        })
    }

    /// Whether only pipelines of the second type have it.
    pub(super) fn needs_v2(&self) -> bool {
        matches!(self.provider, Provider::Commands | Provider::ImageBuild)
    }

    pub(super) fn is_source(&self) -> bool {
        self.category == "Source"
    }

    /// Checks what an action of this kind may and must say.
    ///
    /// # Errors
    /// What is wrong, in the words of AWS where they are known.
    pub(super) fn check(&self, action: &Action) -> Result<(), String> {
        self.check_timeout(action.timeout_in_minutes)?;
        self.check_configuration(action)?;
        let has_files = action.output_artifacts.iter().any(|output| !output.files.is_empty());
        for (member, is_there) in [
            ("commands", !action.commands.is_empty()),
            ("outputVariables", !action.output_variables.is_empty()),
            ("environmentVariables", !action.environment_variables.is_empty()),
            ("files of outputArtifacts", has_files),
        ] {
            if is_there && self.provider != Provider::Commands {
                return Err(format!("{member}: only the action Commands has them"));
            }
        }
        let counts = [
            ("input", action.input_artifacts.len(), &self.inputs),
            ("output", action.output_artifacts.len(), &self.outputs),
        ];
        for (which, count, range) in counts {
            let (than, bound, most) = match count {
                count if count < *range.start() => ("less", "minimum", range.start()),
                count if count > *range.end() => ("greater", "maximum", range.end()),
                _ => continue,
            };
            return Err(format!(
                "Action {} declares {count} {which} artifacts which is {than} than the {bound} count ({most})",
                action.name
            ));
        }
        Ok(())
    }

    fn check_timeout(&self, minutes: Option<u32>) -> Result<(), String> {
        match minutes {
            None => Ok(()),
            Some(_) if self.provider != Provider::Approval => {
                Err("timeoutInMinutes is available only to the manual approval action type".into())
            }
            Some(minutes) => check_timeout(minutes),
        }
    }

    fn check_configuration(&self, action: &Action) -> Result<(), String> {
        let (name, configuration) = (&action.name, &action.configuration);
        if let Some(missing) = self.needed.iter().find(|key| !configuration.contains_key(**key)) {
            return Err(format!(
                "Action configuration for action '{name}' is missing required configuration '{missing}'"
            ));
        }
        for (key, value) in configuration {
            let key = key.as_str();
            if self.absent.contains(&key) {
                if value != "false" {
                    return Err(format!("the local run has no {} with {key}", self.name));
                }
            } else if !self.needed.contains(&key) && !self.optional.contains(&key) {
                return Err(format!(
                    "Action configuration for action '{name}' contains unknown configuration '{key}'"
                ));
            }
            let length = value.chars().count();
            if length > CONFIGURATION_LIMIT {
                return Err(format!(
                    "its {key} has {length} characters, and CodePipeline takes at most {CONFIGURATION_LIMIT}"
                ));
            }
        }
        match self.provider {
            Provider::StepFunctions => check_input(action),
            Provider::Commands => check_commands(action),
            Provider::ImageBuild => check_value(action, "RegistryType", &["private"]),
            Provider::ObjectDeploy => check_extract(action),
            Provider::Ecs => check_minutes(action),
            Provider::CloudFormation => check_stack(action),
            Provider::Connection | Provider::Object | Provider::CodeBuild | Provider::Lambda | Provider::Approval => {
                Ok(())
            }
        }
    }
}

/// Checks how many minutes an approval or a rule may take.
///
/// # Errors
/// They are too few or too many.
pub(super) fn check_timeout(minutes: u32) -> Result<(), String> {
    if MINUTES.contains(&minutes) {
        return Ok(());
    }
    Err(format!(
        "value {minutes} at timeoutInMinutes failed to satisfy constraint: it must lie between {} and {}",
        MINUTES.start(),
        MINUTES.end()
    ))
}

/// A value of the configuration that no variable decides.
fn fixed<'a>(action: &'a Action, key: &str) -> Option<&'a str> {
    let value = action.configuration.get(key).map(String::as_str);
    value.filter(|value| !value.contains("#{"))
}

fn check_value(action: &Action, key: &str, values: &[&str]) -> Result<(), String> {
    match fixed(action, key).filter(|value| !values.contains(value)) {
        Some(other) => Err(format!(
            "its {key} is `{other}`: the local run has {}",
            values.join(" and ")
        )),
        None => Ok(()),
    }
}

fn check_extract(action: &Action) -> Result<(), String> {
    check_value(action, "Extract", &["true", "false"])?;
    if fixed(action, "Extract") == Some("false") && !action.configuration.contains_key("ObjectKey") {
        return Err(format!(
            "Action configuration for action '{}' is missing required configuration 'ObjectKey'",
            action.name
        ));
    }
    Ok(())
}

fn check_minutes(action: &Action) -> Result<(), String> {
    let minutes = fixed(action, "DeploymentTimeout");
    match minutes.filter(|minutes| !minutes.parse().is_ok_and(|minutes: u64| (1..=60).contains(&minutes))) {
        Some(other) => Err(format!(
            "its DeploymentTimeout is `{other}`: it must lie between 1 and 60 minutes"
        )),
        None => Ok(()),
    }
}

/// How many commands an action may have, and how long each may be.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_ActionDeclaration.html>.
const COMMANDS: RangeInclusive<usize> = 1..=50;

fn check_commands(action: &Action) -> Result<(), String> {
    if !COMMANDS.contains(&action.commands.len()) {
        return Err("its commands must be 1 to 50".into());
    }
    let is_wrong =
        |command: &&String| command.contains('\n') || !(1..=CONFIGURATION_LIMIT).contains(&command.chars().count());
    if let Some(wrong) = action.commands.iter().find(is_wrong) {
        return Err(format!(
            "the command `{wrong}` must be one line of 1 to {CONFIGURATION_LIMIT} characters"
        ));
    }
    let kind = action
        .environment_variables
        .iter()
        .filter_map(|variable| variable.kind.as_deref());
    match kind.into_iter().find(|kind| *kind != "PLAINTEXT") {
        Some(other) => Err(format!(
            "the local run has no environment variables of the type {other}"
        )),
        None => Ok(()),
    }
}

fn check_stack(action: &Action) -> Result<(), String> {
    let artifacts = action.input_artifacts.iter();
    let artifacts: Vec<&str> = artifacts.map(|artifact| artifact.name.as_str()).collect();
    stack::check(&action.name, &action.configuration, &artifacts)
}

/// Checks what is said of a state machine's input. What is a variable is known later.
fn check_input(action: &Action) -> Result<(), String> {
    let of = |key: &str| action.configuration.get(key).map(String::as_str);
    match of("InputType") {
        None | Some("Literal") => Ok(()),
        Some("FilePath") if of("Input").is_none() => Err(format!(
            "Action configuration for action '{}' is missing required configuration 'Input'",
            action.name
        )),
        Some("FilePath") if action.input_artifacts.is_empty() => {
            Err("with the InputType FilePath, it needs an input artifact".into())
        }
        Some(text) if text == "FilePath" || text.contains("#{") => Ok(()),
        Some(other) => Err(format!("its InputType is `{other}`, neither Literal nor FilePath")),
    }
}
