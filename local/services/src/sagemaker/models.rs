//! Models: an image and model data that an endpoint can serve, directly or from the registry.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html>.

use super::SageMaker;
use super::checks::{S3_URI, VpcConfig, count, length, one_of, pattern, refused};
use super::jobs::{bucket_and_key, find_image};
use super::lists::{List, Listed, Order, summary};
use super::registry::Served;
use super::tags::{self, Tag};
use jiff::Timestamp;
use platform::input::seconds;
use platform::{Call, ErrorKind, Nothing, Platform, Principal, Requirement, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct CreateModel {
    model_name: String,
    primary_container: Container,
    execution_role_arn: String,
    #[serde(default, skip_serializing)]
    tags: Vec<Tag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vpc_config: Option<VpcConfig>,
    #[serde(default)]
    enable_network_isolation: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Container {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    container_hostname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<String>,
    #[serde(default = "single")]
    mode: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_data_url: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    environment: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model_package_name: Option<String>,
}

fn single() -> String {
    "SingleModel".to_owned()
}

/// The model that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct Named {
    model_name: String,
}

/// A model.
#[derive(Debug)]
pub(super) struct Model {
    arn: String,
    request: CreateModel,
    created: Timestamp,
    pub(super) tags: Vec<Tag>,
}

/// The models, by ARN.
pub(super) type Models = BTreeMap<String, Model>;

fn arn_of(platform: &Platform, name: &str) -> String {
    // SageMaker's ARNs have names in lower case.
    let thing = format!("model/{}", name.to_lowercase());
    platform.account.arn("sagemaker", thing)
}

pub(super) fn arn(platform: &Platform, input: &Named) -> String {
    arn_of(platform, &input.model_name)
}

pub(super) fn may_create(
    _: &SageMaker,
    platform: &Platform,
    input: &CreateModel,
) -> Result<Vec<Requirement>, ServiceError> {
    let create = Requirement::new("sagemaker:CreateModel", arn_of(platform, &input.model_name));
    let isolation = input.enable_network_isolation.to_string();
    let create = create.with("sagemaker:NetworkIsolation", isolation);
    let vpc = input.vpc_config.iter().flat_map(VpcConfig::conditions);
    let create = vpc.fold(create, |create, (key, value)| create.with(key, value));
    let mut needed = tags::creating(create, &input.tags);
    let role = &input.execution_role_arn;
    needed.push(Requirement::pass_role(role, "sagemaker.amazonaws.com"));
    Ok(needed)
}

impl CreateModel {
    fn check(&self) -> Result<(), ServiceError> {
        let name = "[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?";
        length(&self.model_name, "modelName", 0..=63)?;
        pattern(&self.model_name, "modelName", name)?;
        tags::check(&self.tags)?;
        let container = &self.primary_container;
        let field = |member: &str| format!("primaryContainer.{member}");
        one_of(&container.mode, &field("mode"), &["SingleModel", "MultiModel"])?;
        if container.mode == "MultiModel" {
            return Err(refused("containers with several models: it has Mode SingleModel"));
        }
        if let Some(image) = &container.image {
            length(image, &field("image"), 0..=255)?;
            pattern(image, &field("image"), "[\\S]+")?;
        }
        if let Some(url) = &container.model_data_url {
            length(url, &field("modelDataUrl"), 0..=1024)?;
            pattern(url, &field("modelDataUrl"), S3_URI)?;
        }
        count(container.environment.len(), &field("environment"), 100)?;
        for (name, value) in &container.environment {
            pattern(name, &field("environment"), "[a-zA-Z_][a-zA-Z0-9_]*")?;
            length(value, &field(&format!("environment.{name}")), 0..=1024)?;
        }
        Ok(())
    }
}

impl Model {
    /// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html>
    fn described(&self) -> Value {
        let mut shown = json!(self.request);
        shown["ModelArn"] = self.arn.as_str().into();
        shown["CreationTime"] = seconds(self.created);
        shown
    }

    /// The event of a model that is made or deleted:
    /// <https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html>.
    fn event(&self) -> Value {
        let mut detail = self.described();
        detail["CreationTime"] = self.created.as_millisecond().into();
        let tags = self.tags.iter().map(|tag| (tag.key.clone(), tag.value.as_str().into()));
        detail["Tags"] = Value::Object(tags.collect());
        json!({
            "source": "aws.sagemaker",
            "detail-type": "SageMaker Model State Change",
            "resources": [self.arn],
            "detail": detail,
        })
    }
}

impl SageMaker {
    pub(super) fn models(&self) -> MutexGuard<'_, Models> {
        self.models.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, model: Model) -> Result<(), ServiceError> {
        let mut models = self.models();
        check_new(&models, &model.arn)?;
        models.insert(model.arn.clone(), model);
        Ok(())
    }

    pub(super) async fn create_model(self: Arc<Self>, call: Call, input: CreateModel) -> Result<Value, ServiceError> {
        input.check()?;
        let platform = &call.platform;
        let arn = arn_of(platform, &input.model_name);
        check_new(&self.models(), &arn)?;
        let served = self.served(platform, &input.primary_container)?;
        check_access(platform, &input.execution_role_arn, &arn, &served).await?;
        let model = Model {
            arn: arn.clone(),
            created: Timestamp::now(),
            tags: input.tags.clone(),
            request: input,
        };
        let event = model.event();
        // Another call may have been faster.
        self.add(model)?;
        platform.emit(&event);
        Ok(json!({"ModelArn": arn}))
    }

    /// What a container is served with.
    fn served(&self, platform: &Platform, container: &Container) -> Result<Served, ServiceError> {
        match (
            &container.model_package_name,
            &container.image,
            &container.model_data_url,
        ) {
            (Some(package), None, None) => self.serves(platform, package),
            (Some(_), _, _) => Err(ServiceError::validation(
                "A container has either a ModelPackageName or an Image with its ModelDataUrl",
            )),
            (None, Some(image), model) => Ok(Served {
                image: image.clone(),
                model: model.clone(),
            }),
            (None, None, _) => Err(ServiceError::validation(
                "A container needs an Image or a ModelPackageName",
            )),
        }
    }

    pub(super) fn describe_model(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let arn = arn(&call.platform, &input);
        let models = self.models();
        models.get(&arn).map(Model::described).ok_or_else(|| missing(&arn))
    }

    pub(super) fn list_models(&self, _: &Call, input: List<Nothing>) -> Result<Value, ServiceError> {
        let models = self.models();
        let sorts = (Order::NewestFirst, ["Name", "CreationTime"].as_slice());
        let members = ["ModelName", "ModelArn", "CreationTime"];
        let show = |model: &Model| summary(&model.described(), &members);
        input.target.answer(
            models.values().collect(),
            |model| Listed {
                name: &model.request.model_name,
                created: model.created,
                status: "",
            },
            sorts,
            "Models",
            show,
        )
    }

    pub(super) fn delete_model(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let arn = arn(&call.platform, &input);
        let removed = self.models().remove(&arn);
        let removed = removed.ok_or_else(|| missing(&arn))?;
        call.platform.emit(&removed.event());
        Ok(Value::Null)
    }
}

fn check_new(models: &Models, arn: &str) -> Result<(), ServiceError> {
    if models.contains_key(arn) {
        let message = format_args!("Cannot create already existing model \"{arn}\".");
        return Err(ServiceError::validation(message));
    }
    Ok(())
}

fn missing(arn: &str) -> ServiceError {
    ServiceError::validation(format_args!("Could not find model \"{arn}\"."))
}

/// Looks whether the model's role can be assumed, pull the image and read the model data.
async fn check_access(platform: &Arc<Platform>, role: &str, arn: &str, served: &Served) -> Result<(), ServiceError> {
    let refuse = |message: String| Err(ServiceError::validation(message));
    let image = &served.image;
    let trusted = platform
        .iam
        .trusts_service(&platform.account, role, "sagemaker.amazonaws.com", Some(arn));
    if !trusted.unwrap_or(false) {
        return refuse(format!(
            "Could not assume role {role}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role."
        ));
    }
    let session = platform.iam.session(role, "SageMaker", Vec::new())?;
    match find_image(platform, &session, image).await {
        Ok(_) => {}
        Err(error) if error.kind == ErrorKind::NotFound => {
            return refuse(format!("Requested image {image} not found."));
        }
        Err(error) if error.kind == ErrorKind::Denied => {
            return refuse(format!(
                "Role \"{role}\" cannot pull {image}. Ensure that the role exists and the image was granted pull permission. {}",
                error.message
            ));
        }
        Err(error) => return Err(error),
    }
    match &served.model {
        Some(model) => check_data(platform, role, &session, model).await,
        None => Ok(()),
    }
}

async fn check_data(
    platform: &Arc<Platform>,
    role: &str,
    session: &Principal,
    model: &str,
) -> Result<(), ServiceError> {
    let place = bucket_and_key(model).filter(|_| model.ends_with(".tar.gz"));
    let Some((bucket, key)) = place else {
        return Err(ServiceError::validation(format_args!(
            "Invalid ModelDataUrl {model}: it must point to a .tar.gz in S3"
        )));
    };
    let question = json!({"Bucket": bucket, "Key": key});
    match platform.call(session, "s3", "HeadObject", question).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind == ErrorKind::NotFound => Err(ServiceError::validation(format_args!(
            "Could not find model data at {model}."
        ))),
        Err(error) => Err(ServiceError::validation(format_args!(
            "Could not access model data at {model}. Please ensure that the role \"{role}\" exists and that its trust relationship policy allows the action \"sts:AssumeRole\" for the service principal \"sagemaker.amazonaws.com\". Also ensure that the role has \"s3:GetObject\" permissions and that the object is located in {}. {}",
            platform.account.region, error.message
        ))),
    }
}
