//! The parameters that optimized integrations take. Step Functions refuses any other itself, before it calls the
//! service.
//!
//! The execution fails with `States.Runtime`, which nothing retries or catches:
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-parameters.html>. For
//! operations that are not listed here, only the service checks the parameters. The first letters of names are changed
//! here too.

use serde_json::Value;
use states_language::{Integration, Json};

/// What a field takes. Texts and numbers are taken for each other, as AWS's SDK does.
#[derive(Debug)]
enum Shape {
    /// A text, a number or a boolean.
    Scalar,
    List(&'static Shape),
    /// Names of the user's own.
    Map,
    Fields(&'static [(&'static str, Shape)]),
    /// Any JSON.
    Any,
}

use Shape::{Any, Fields, List, Map, Scalar};

const SCALAR: Shape = Scalar;

/// <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>
const INVOKE: Shape = Fields(&[
    ("ClientContext", Scalar),
    ("FunctionName", Scalar),
    ("InvocationType", Scalar),
    ("Payload", Any),
    ("Qualifier", Scalar),
]);

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html>
const CREATE_PROCESSING_JOB: Shape = Fields(&[
    (
        "AppSpecification",
        Fields(&[
            ("ContainerArguments", List(&SCALAR)),
            ("ContainerEntrypoint", List(&SCALAR)),
            ("ImageUri", Scalar),
        ]),
    ),
    ("Environment", Map),
    ("ExperimentConfig", EXPERIMENT),
    (
        "NetworkConfig",
        Fields(&[
            ("EnableInterContainerTrafficEncryption", Scalar),
            ("EnableNetworkIsolation", Scalar),
            ("VpcConfig", VPC),
        ]),
    ),
    ("ProcessingInputs", List(&PROCESSING_INPUT)),
    ("ProcessingJobName", Scalar),
    (
        "ProcessingOutputConfig",
        Fields(&[("KmsKeyId", Scalar), ("Outputs", List(&PROCESSING_OUTPUT))]),
    ),
    (
        "ProcessingResources",
        Fields(&[(
            "ClusterConfig",
            Fields(&[
                ("InstanceCount", Scalar),
                ("InstanceType", Scalar),
                ("VolumeKmsKeyId", Scalar),
                ("VolumeSizeInGB", Scalar),
            ]),
        )]),
    ),
    ("RoleArn", Scalar),
    ("StoppingCondition", Fields(&[("MaxRuntimeInSeconds", Scalar)])),
    ("Tags", List(&TAG)),
]);

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html>, as far as it is known that
/// Step Functions takes it: what its documentation and its constructs for the CDK have, checkpoints and Spot.
const CREATE_TRAINING_JOB: Shape = Fields(&[
    (
        "AlgorithmSpecification",
        Fields(&[
            ("AlgorithmName", Scalar),
            ("EnableSageMakerMetricsTimeSeries", Scalar),
            (
                "MetricDefinitions",
                List(&Fields(&[("Name", Scalar), ("Regex", Scalar)])),
            ),
            ("TrainingImage", Scalar),
            ("TrainingInputMode", Scalar),
        ]),
    ),
    ("CheckpointConfig", Fields(&[("LocalPath", Scalar), ("S3Uri", Scalar)])),
    ("EnableInterContainerTrafficEncryption", Scalar),
    ("EnableManagedSpotTraining", Scalar),
    ("EnableNetworkIsolation", Scalar),
    ("Environment", Map),
    ("ExperimentConfig", EXPERIMENT),
    ("HyperParameters", Map),
    ("InputDataConfig", List(&CHANNEL)),
    (
        "OutputDataConfig",
        Fields(&[("KmsKeyId", Scalar), ("S3OutputPath", Scalar)]),
    ),
    (
        "ResourceConfig",
        Fields(&[
            ("InstanceCount", Scalar),
            ("InstanceType", Scalar),
            ("VolumeKmsKeyId", Scalar),
            ("VolumeSizeInGB", Scalar),
        ]),
    ),
    ("RoleArn", Scalar),
    (
        "StoppingCondition",
        Fields(&[("MaxRuntimeInSeconds", Scalar), ("MaxWaitTimeInSeconds", Scalar)]),
    ),
    ("Tags", List(&TAG)),
    ("TrainingJobName", Scalar),
    ("VpcConfig", VPC),
]);

const CHANNEL: Shape = Fields(&[
    ("ChannelName", Scalar),
    ("CompressionType", Scalar),
    ("ContentType", Scalar),
    (
        "DataSource",
        Fields(&[
            ("FileSystemDataSource", Map),
            (
                "S3DataSource",
                Fields(&[
                    ("AttributeNames", List(&SCALAR)),
                    ("S3DataDistributionType", Scalar),
                    ("S3DataType", Scalar),
                    ("S3Uri", Scalar),
                ]),
            ),
        ]),
    ),
    ("InputMode", Scalar),
    ("RecordWrapperType", Scalar),
    ("ShuffleConfig", Fields(&[("Seed", Scalar)])),
]);

/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html>
const CREATE_MODEL: Shape = Fields(&[
    ("Containers", List(&CONTAINER)),
    ("EnableNetworkIsolation", Scalar),
    ("ExecutionRoleArn", Scalar),
    ("ModelName", Scalar),
    ("PrimaryContainer", CONTAINER),
    ("Tags", List(&TAG)),
    ("VpcConfig", VPC),
]);

const CONTAINER: Shape = Fields(&[
    ("ContainerHostname", Scalar),
    ("Environment", Map),
    ("Image", Scalar),
    ("Mode", Scalar),
    ("ModelDataUrl", Scalar),
    ("ModelPackageName", Scalar),
]);

const VPC: Shape = Fields(&[("SecurityGroupIds", List(&SCALAR)), ("Subnets", List(&SCALAR))]);

const EXPERIMENT: Shape = Fields(&[
    ("ExperimentName", Scalar),
    ("RunName", Scalar),
    ("TrialComponentDisplayName", Scalar),
    ("TrialName", Scalar),
]);

const TAG: Shape = Fields(&[("Key", Scalar), ("Value", Scalar)]);

const PROCESSING_INPUT: Shape = Fields(&[
    ("AppManaged", Scalar),
    (
        "DatasetDefinition",
        Fields(&[
            ("AthenaDatasetDefinition", Map),
            ("DataDistributionType", Scalar),
            ("InputMode", Scalar),
            ("LocalPath", Scalar),
            ("RedshiftDatasetDefinition", Map),
        ]),
    ),
    ("InputName", Scalar),
    (
        "S3Input",
        Fields(&[
            ("LocalPath", Scalar),
            ("S3CompressionType", Scalar),
            ("S3DataDistributionType", Scalar),
            ("S3DataType", Scalar),
            ("S3InputMode", Scalar),
            ("S3Uri", Scalar),
        ]),
    ),
]);

const PROCESSING_OUTPUT: Shape = Fields(&[
    ("AppManaged", Scalar),
    ("FeatureStoreOutput", Fields(&[("FeatureGroupName", Scalar)])),
    ("OutputName", Scalar),
    (
        "S3Output",
        Fields(&[("LocalPath", Scalar), ("S3UploadMode", Scalar), ("S3Uri", Scalar)]),
    ),
]);

/// <https://docs.aws.amazon.com/step-functions/latest/dg/connect-sns.html>
const PUBLISH: Shape = Fields(&[
    ("Message", Any),
    ("MessageAttributes", Map),
    ("MessageDeduplicationId", Scalar),
    ("MessageGroupId", Scalar),
    ("MessageStructure", Scalar),
    ("PhoneNumber", Scalar),
    ("Subject", Scalar),
    ("TargetArn", Scalar),
    ("TopicArn", Scalar),
]);

/// Why Step Functions refuses these parameters; None if it takes them.
pub(crate) fn refusal(integration: &Integration, parameters: &Json) -> Option<String> {
    let Integration::Service { service, operation, .. } = integration else {
        return None;
    };
    let shape = match (&**service, &**operation) {
        ("lambda", "invoke") => &INVOKE,
        ("sagemaker", "createProcessingJob") => &CREATE_PROCESSING_JOB,
        ("sagemaker", "createTrainingJob") => &CREATE_TRAINING_JOB,
        ("sagemaker", "createModel") => &CREATE_MODEL,
        ("sns", "publish") => &PUBLISH,
        _ => return None,
    };
    let mut reasons = Vec::new();
    look(shape, "Parameters", &Value::from(parameters), &mut reasons);
    (!reasons.is_empty()).then(|| reasons.join(", "))
}

fn look(shape: &Shape, field: &str, value: &Value, reasons: &mut Vec<String>) {
    match (shape, value) {
        (Any, _) | (_, Value::Null) | (Map, Value::Object(_)) => {}
        (Scalar, Value::Bool(_) | Value::Number(_) | Value::String(_)) => {}
        (List(shape), Value::Array(items)) => {
            for item in items {
                look(shape, field, item, reasons);
            }
        }
        (Fields(known), Value::Object(given)) => {
            for (name, value) in given {
                match known.iter().find(|(known, _)| known == name) {
                    Some((_, shape)) => look(shape, name, value, reasons),
                    None => reasons.push(format!("The field \"{name}\" is not supported by Step Functions")),
                }
            }
        }
        (Scalar | List(_) | Map | Fields(_), _) => {
            reasons.push(format!("The value of the field '{field}' has an invalid format"));
        }
    }
}

/// Fields that are maps, whose keys are names of the user's own: those of ECS, in small letters.
const MAPS: [&str; 2] = ["dockerlabels", "options"];

/// A JSON value with all field names changed, but not the keys of maps.
pub(crate) fn rename(value: Value, change: fn(&str) -> String) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let is_map = MAPS.contains(&name.to_lowercase().as_str()) && value.is_object();
                let value = if is_map { value } else { rename(value, change) };
                (change(&name), value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.into_iter().map(|item| rename(item, change)).collect(),
        other => other,
    }
}

pub(crate) fn capitalize(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

pub(crate) fn uncapitalize(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use states_language::Pattern;

    fn refused(service: &str, operation: &str, parameters: &Value) -> Option<String> {
        let integration = Integration::Service {
            service: service.into(),
            operation: operation.into(),
            pattern: Pattern::RequestResponse,
            sync_version: 1,
        };
        refusal(&integration, &Json::parse(&parameters.to_string()).expect("JSON"))
    }

    #[test]
    fn keys_of_maps_keep_their_letters() {
        let options = json!({"awslogs-group": "/ecs/a", "Mode": "blocking"});
        let given = json!({"LogConfiguration": {"LogDriver": "awslogs", "Options": options}});
        let renamed = rename(given.clone(), uncapitalize);
        assert_eq!(
            renamed,
            json!({"logConfiguration": {"logDriver": "awslogs", "options": options}})
        );
        assert_eq!(rename(renamed, capitalize), given);
    }

    #[test]
    fn unknown_fields_and_values_of_the_wrong_kind_are_refused_by_name_at_any_depth() {
        let whole = json!({
            "ProcessingJobName": "n",
            "AppSpecification": {"ImageUri": "i", "ContainerEntrypoint": ["python3"]},
            "Environment": {"ANY_NAME": "v"},
            "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "VolumeSizeInGB": "30"}},
            "ProcessingInputs": [{"InputName": "in", "S3Input": {"S3Uri": "s3://b/k"}}],
            "Tags": [{"Key": "k", "Value": "v"}],
        });
        assert_eq!(refused("sagemaker", "createProcessingJob", &whole), None);
        let unknown = |name: &str| format!("The field \"{name}\" is not supported by Step Functions");
        for (pointer, field, value, expected) in [
            ("", "RoleARN", json!("r"), unknown("RoleARN")),
            ("/AppSpecification", "ImageURI", json!("i"), unknown("ImageURI")),
            (
                "/ProcessingResources/ClusterConfig",
                "Count",
                json!(1),
                unknown("Count"),
            ),
            ("/ProcessingInputs/0/S3Input", "Uri", json!("u"), unknown("Uri")),
            ("/Tags/0", "key", json!("k"), unknown("key")),
            (
                "",
                "Environment",
                json!("A=1"),
                "The value of the field 'Environment' has an invalid format".to_owned(),
            ),
            (
                "",
                "RoleArn",
                json!({}),
                "The value of the field 'RoleArn' has an invalid format".to_owned(),
            ),
        ] {
            let mut changed = whole.clone();
            changed.pointer_mut(pointer).expect("the pointer leads somewhere")[field] = value;
            assert_eq!(refused("sagemaker", "createProcessingJob", &changed), Some(expected));
        }
        let training = json!({
            "TrainingJobName": "n",
            "HyperParameters": {"any": "1"},
            "InputDataConfig": [{"ChannelName": "c", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/k"}}}],
            "EnableManagedSpotTraining": true,
            "CheckpointConfig": {"S3Uri": "s3://b/k"},
        });
        assert_eq!(refused("sagemaker", "createTrainingJob", &training), None);
        for (operation, field) in [
            ("createTrainingJob", "RetryStrategy"),
            ("createModel", "ModelPackageName"),
        ] {
            assert_eq!(
                refused("sagemaker", operation, &json!({field: {}})),
                Some(unknown(field))
            );
        }
        let token = json!({"FunctionName": "f", "TaskToken": "t", "Payload": {"any": 1}});
        assert_eq!(refused("lambda", "invoke", &token), Some(unknown("TaskToken")));
        assert_eq!(refused("aws-sdk:ecr", "describeImages", &token), None);
    }
}
