//! Models, of an image or of a package of the registry.

use super::World;
use super::registry::package;
use serde_json::{Value, json};

const ARN: &str = "arn:aws:sagemaker:us-east-1:123456789012:model/churn-1";

impl World {
    fn model(&self, container: Value) -> Value {
        json!({"ModelName": "churn-1", "PrimaryContainer": container, "ExecutionRoleArn": self.role()})
    }

    fn container(&self) -> Value {
        json!({"Image": self.image, "ModelDataUrl": "s3://data/m/model.tar.gz", "Environment": {"A": "1"}})
    }
}

#[tokio::test]
async fn models_are_made_described_listed_and_deleted() {
    let world = World::new("true").await;
    world.put("m/model.tar.gz", "model").await;
    let tags = json!([{"Key": "team", "Value": "a"}]);
    let mut input = world.model(world.container());
    input["Tags"] = tags.clone();
    let made = world.ok("sagemaker", "CreateModel", input.clone()).await;
    assert_eq!(made["ModelArn"], ARN);
    let name = json!({"ModelName": "churn-1"});
    let described = world.ok("sagemaker", "DescribeModel", name.clone()).await;
    let mut container = world.container();
    container["Mode"] = "SingleModel".into();
    assert_eq!(described["PrimaryContainer"], container);
    assert_eq!(described["EnableNetworkIsolation"], false);
    assert!(described["CreationTime"].is_f64());
    assert_eq!(
        world.ok("sagemaker", "ListTags", json!({"ResourceArn": ARN})).await["Tags"],
        tags
    );
    let again = world.refused("CreateModel", input.clone()).await;
    assert_eq!(
        again.message,
        format!("Cannot create already existing model \"{ARN}\".")
    );
    input["ModelName"] = "other".into();
    world.ok("sagemaker", "CreateModel", input).await;
    for (question, names) in [
        (json!({}), vec!["other", "churn-1"]),
        (
            json!({"SortBy": "Name", "SortOrder": "Ascending"}),
            vec!["churn-1", "other"],
        ),
        (json!({"NameContains": "churn"}), vec!["churn-1"]),
    ] {
        let listed = world.ok("sagemaker", "ListModels", question).await;
        let listed = listed["Models"].as_array().unwrap().iter();
        assert_eq!(
            listed
                .map(|model| model["ModelName"].as_str().unwrap())
                .collect::<Vec<_>>(),
            names
        );
    }
    world.ok("sagemaker", "DeleteModel", name.clone()).await;
    for operation in ["DescribeModel", "DeleteModel"] {
        let error = world.refused(operation, name.clone()).await;
        assert_eq!(error.message, format!("Could not find model \"{ARN}\"."));
    }
    let events = world.events("SageMaker Model State Change");
    assert_eq!(events.len(), 3);
    assert_eq!(events[0]["resources"][0], ARN);
    assert_eq!(events[0]["detail"]["Tags"], json!({"team": "a"}));
}

#[tokio::test]
async fn a_model_is_made_of_an_approved_package() {
    let world = World::new("true").await;
    world.put("m/model.tar.gz", "model").await;
    world.group("churn").await;
    let mut input = package("churn");
    input["InferenceSpecification"]["Containers"][0]["Image"] = world.image.as_str().into();
    let made = world.ok("sagemaker", "CreateModelPackage", input).await;
    let arn = made["ModelPackageArn"].clone();
    let model = world.model(json!({"ModelPackageName": arn}));
    let error = world.refused("CreateModel", model.clone()).await;
    assert!(error.message.contains("PendingManualApproval"), "{error}");
    let approve = json!({"ModelPackageArn": arn, "ModelApprovalStatus": "Approved"});
    world.ok("sagemaker", "UpdateModelPackage", approve).await;
    world.ok("sagemaker", "CreateModel", model).await;
    let described = world
        .ok("sagemaker", "DescribeModel", json!({"ModelName": "churn-1"}))
        .await;
    assert_eq!(described["PrimaryContainer"]["ModelPackageName"], arn);
}

#[tokio::test]
async fn what_a_model_needs_has_to_be_there() {
    let world = World::new("true").await;
    world.put("m/model.tar.gz", "model").await;
    let with = |member: &str, value: Value| {
        let mut container = world.container();
        container[member] = value;
        container
    };
    let image = |tag: &str| json!(format!("{}/ml:{tag}", world.platform.account.registry()));
    for (container, part) in [
        (
            with("ModelDataUrl", json!("s3://data/none/model.tar.gz")),
            "Could not find model data at s3://data/none",
        ),
        (
            with("ModelDataUrl", json!("s3://data/m/model.zip")),
            "must point to a .tar.gz",
        ),
        (with("ModelDataUrl", json!("model")), "modelDataUrl"),
        (
            with("Image", image("none")),
            "Requested image 123456789012.dkr.ecr.us-east-1.amazonaws.com/ml:none not found.",
        ),
        (with("Image", json!("python:3")), "the one registry"),
        (
            with("ModelPackageName", json!("churn/1")),
            "either a ModelPackageName or an Image",
        ),
        (with("Mode", json!("MultiModel")), "several models"),
        (with("ImageConfig", json!({})), "`ImageConfig`"),
        (json!({}), "needs an Image"),
        (
            json!({"ModelPackageName": "churn/1"}),
            "model-package/churn/1 does not exist",
        ),
    ] {
        let error = world.refused("CreateModel", world.model(container.clone())).await;
        assert!(error.message.contains(part), "{container}: {error}");
    }
    for (member, value, part) in [
        ("ModelName", json!("a_b"), "modelName"),
        (
            "ExecutionRoleArn",
            json!("arn:aws:iam::123456789012:role/none"),
            "role/none",
        ),
        ("Containers", json!([]), "`Containers`"),
    ] {
        let mut model = world.model(world.container());
        model[member] = value;
        let error = world.refused("CreateModel", model).await;
        assert!(error.message.contains(part), "{member}: {error}");
    }
}

#[tokio::test]
async fn the_models_role_pulls_the_image_and_reads_the_data() {
    for (denied, part) in [
        ("ecr:BatchGetImage", "cannot pull"),
        (
            "s3:GetObject",
            "Could not access model data at s3://data/m/model.tar.gz",
        ),
    ] {
        let policy = json!({"Effect": "Allow", "NotAction": denied, "Resource": "*"});
        let world = World::with_role("true", policy).await;
        world.put("m/model.tar.gz", "model").await;
        let error = world.refused("CreateModel", world.model(world.container())).await;
        assert!(
            error.message.contains(part) && error.message.contains(denied),
            "{error}"
        );
    }
    let world = World::new("true").await;
    world.put("m/model.tar.gz", "model").await;
    let create = json!({"Effect": "Allow", "Action": "sagemaker:CreateModel", "Resource": "*"});
    let caller = world.caller(json!([create]));
    let answer = world
        .platform
        .call(&caller, "sagemaker", "CreateModel", world.model(world.container()))
        .await;
    assert!(answer.unwrap_err().message.contains("iam:PassRole"));
}
