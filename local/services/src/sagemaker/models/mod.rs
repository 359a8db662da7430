//! Models: an image and model data that an endpoint can serve, directly or from the registry.
//!
//! Follows <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateModel.html>.

pub(super) mod model;

use super::account::SageMaker;
use super::checks::{VpcConfig, trusted};
use super::jobs::bucket_and_key;
use super::lists::{List, Listed, Order, summary};
use super::registry::store::Served;
use super::rows::{list, on};
use super::tags;
use crate::program::find_image;
use jiff::Timestamp;
use model::{Container, CreateModel, Model};
use platform::store::Held;
use platform::{Call, ErrorKind, Nothing, Operation, Platform, Principal, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// The model that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Named {
    model_name: String,
}

fn arn_of(platform: &Platform, name: &str) -> String {
    // SageMaker's ARNs have names in lower case.
    let thing = format!("model/{}", name.to_lowercase());
    platform.account.arn("sagemaker", thing)
}

pub(super) fn operations() -> [Operation<SageMaker>; 4] {
    [
        Operation::waiting("CreateModel", may_create, SageMaker::create_model),
        on("DeleteModel", arn, SageMaker::delete_model),
        on("DescribeModel", arn, SageMaker::describe_model),
        list("ListModels", SageMaker::list_models),
    ]
}

fn arn(platform: &Platform, input: &Named) -> String {
    arn_of(platform, &input.model_name)
}

fn may_create(_: &SageMaker, platform: &Platform, input: &CreateModel) -> Result<Vec<Requirement>, ServiceError> {
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

impl SageMaker {
    fn add(&self, model: Model) -> Result<(), ServiceError> {
        let mut models = self.models();
        check_new(&models, &model.arn)?;
        models.insert(model.arn.clone(), model);
        Ok(())
    }

    async fn create_model(self: Arc<Self>, call: Call, input: CreateModel) -> Result<Value, ServiceError> {
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
        platform.emit(event);
        Ok(json!({"ModelArn": arn}))
    }

    /// What a container is served with.
    fn served(&self, platform: &Platform, container: &Container) -> Result<Served, ServiceError> {
        match (
            &container.model_package_name,
            &container.image,
            &container.model_data_url,
        ) {
            (Some(package), None, None) => self.registry().serves(platform, package),
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

    fn describe_model(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let arn = arn(&call.platform, &input);
        let models = self.models();
        models.get(&arn).map(Model::described).ok_or_else(|| missing(&arn))
    }

    fn list_models(&self, _: &Call, input: List<Nothing>) -> Result<Value, ServiceError> {
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

    fn delete_model(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let arn = arn(&call.platform, &input);
        let removed = self.models().remove(&arn);
        let removed = removed.ok_or_else(|| missing(&arn))?;
        call.platform.emit(removed.event());
        Ok(Value::Null)
    }
}

fn check_new(models: &Held<'_, Model>, arn: &str) -> Result<(), ServiceError> {
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
    trusted(platform, role, arn)?;
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
