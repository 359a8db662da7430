//! SAM's policy templates: each allows actions on resources that its arguments name.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html>.

use super::super::fault::Fault;
use serde_json::{Map, Value, json};

/// A statement a line: the template, its arguments, the actions, and the resources.
const TEMPLATES: &str = include_str!("policy-templates.txt");

/// What stands in the table for the region and the account.
const HERE: &str = ":*here*:";

/// One line.
struct Line<'t> {
    template: &'t str,
    arguments: &'t str,
    actions: &'t str,
    resources: Vec<&'t str>,
}

impl<'t> Line<'t> {
    fn read(line: &'t str) -> Option<Self> {
        let mut words = line.split(' ');
        Some(Self {
            template: words.next().filter(|first| *first != "#")?,
            arguments: words.next()?,
            actions: words.next()?,
            resources: words.collect(),
        })
    }

    /// The names of the template's arguments.
    fn arguments(&self) -> impl Iterator<Item = &'t str> {
        self.arguments.split(',').filter(|name| *name != "-")
    }

    /// The statement, where the arguments have these values.
    fn statement(&self, values: &Map<String, Value>) -> Value {
        let actions: Vec<&str> = self.actions.split(',').collect();
        let resources: Vec<Value> = self.resources.iter().map(|resource| arn(resource, values)).collect();
        json!({"Effect": "Allow", "Action": actions, "Resource": resources})
    }
}

fn arn(resource: &str, values: &Map<String, Value>) -> Value {
    let arn = resource.replace(HERE, ":${AWS::Region}:${AWS::AccountId}:");
    match arn.strip_prefix("arn:") {
        None => arn.into(),
        Some(rest) => json!({"Fn::Sub": [format!("arn:${{AWS::Partition}}:{rest}"), values]}),
    }
}

/// The statements that SAM makes from a template of its own.
pub(super) fn statements(name: &str, arguments: &Value) -> Result<Value, Fault> {
    let lines: Vec<Line<'_>> = TEMPLATES
        .lines()
        .filter_map(Line::read)
        .filter(|line| line.template == name)
        .collect();
    let Some(first) = lines.first() else {
        return Err(Fault::absent("is not a policy template that the local run has"));
    };
    let mut values = Map::new();
    for argument in first.arguments() {
        // It may be an intrinsic function itself.
        let value = arguments
            .get(argument)
            .ok_or_else(|| Fault::new(format_args!("has no `{argument}`")))?;
        values.insert(argument.to_owned(), value.clone());
    }
    Ok(lines.iter().map(|line| line.statement(&values)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_the_resources() {
        let bucket = json!({"BucketName": {"Ref": "Bucket"}});
        let made = statements("S3ReadPolicy", &bucket).expect("a template");
        assert_eq!(made[0]["Action"][0], "s3:GetObject");
        assert_eq!(
            made[0]["Resource"][1],
            json!({"Fn::Sub": ["arn:${AWS::Partition}:s3:::${BucketName}/*", bucket]})
        );
        let made = statements("SSMParameterReadPolicy", &json!({"ParameterName": "p"})).expect("a template");
        assert_eq!(made[0]["Resource"][0], "*");
        assert_eq!(
            made[1]["Resource"][0]["Fn::Sub"][0],
            "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${ParameterName}"
        );
        assert!(statements("S3ReadPolicy", &json!({})).is_err());
        assert!(statements("NoPolicy", &json!({})).expect_err("no template").is_absent());
        // Every line is one, and those of a template have the same arguments.
        for line in TEMPLATES.lines().filter(|line| !line.starts_with('#')) {
            let line = Line::read(line).expect("a line");
            assert!(
                !line.resources.is_empty() && line.actions.contains(':'),
                "{}",
                line.template
            );
        }
    }
}
