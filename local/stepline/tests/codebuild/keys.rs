//! Builds with a key pair of a team's own, as buildspecs export them.

use crate::world::{World, everything};
use platform::iam::NewUser;
use platform::journal::Happening;
use serde_json::json;

const SPEC: &str = r#"
version: 0.2
env:
  parameter-store:
    AWS_ACCESS_KEY_ID: /ci/id
    AWS_SECRET_ACCESS_KEY: /ci/secret
phases:
  build:
    commands:
      - aws ecr get-login-password >password
      - aws ssm get-parameter --name /stepline/dev/python-env || echo denied
      - aws sts get-caller-identity --query Arn --output text
      - unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
      - aws ssm get-parameter --name /stepline/dev/python-env --query Parameter.Value --output text
"#;

async fn keep(world: &World, name: &str, value: &str) {
    let parameter = json!({"Name": name, "Type": "SecureString", "Value": value});
    world.call("ssm", "PutParameter", parameter).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_keys_take_the_place_of_the_role_as_a_whole() {
    let world = World::new(&everything()).await;
    let policy = json!({"Version": "2012-10-17", "Statement":
        [{"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}]});
    let (iam, account) = (&world.cloud.iam, &world.cloud.account);
    iam.create_user(account, NewUser::new("ci").with_policy("own", policy))
        .unwrap();
    let key = iam.access_key("Key", "ci", true).unwrap();
    keep(&world, "/ci/id", &key.id).await;
    keep(&world, "/ci/secret", &key.secret).await;
    let build = world.build(&[("buildspec.yml", SPEC)], json!({})).await;
    let lines = world.lines();
    assert_eq!(build["buildStatus"], "SUCCEEDED", "{lines:#?}");
    let denial = "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ssm:GetParameter";
    assert!(lines.iter().any(|line| line.contains(denial)), "{lines:#?}");
    for line in ["arn:aws:iam::123456789012:user/ci", "development"] {
        assert!(lines.iter().any(|said| said == line), "{lines:#?}");
    }
    assert!(!lines.iter().any(|line| line.contains(&key.secret)), "{lines:#?}");
    let by: Vec<String> = world
        .cloud
        .journal
        .entries()
        .into_iter()
        .filter_map(|entry| match entry.happening {
            Happening::Authorized { principal, action, .. } if action == "ecr:GetAuthorizationToken" => Some(principal),
            _ => None,
        })
        .collect();
    assert_eq!(by, ["arn:aws:iam::123456789012:user/ci"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_nobodys_are_refused_and_a_line_says_so() {
    let world = World::new(&everything()).await;
    keep(&world, "/ci/id", "AKIAIOSFODNN7EXAMPLE").await;
    keep(&world, "/ci/secret", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").await;
    let build = world.build(&[("buildspec.yml", SPEC)], json!({})).await;
    let lines = world.lines();
    assert_eq!(build["buildStatus"], "FAILED", "{lines:#?}");
    for expected in ["which is no access key of this account", "UnrecognizedClientException"] {
        assert!(lines.iter().any(|line| line.contains(expected)), "{lines:#?}");
    }
    let notes = world.notes();
    let told = |note: &String| note.contains("which is no access key of this account");
    assert!(notes.iter().any(told), "{notes:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_signs_nothing() {
    let world = World::new(&everything()).await;
    let (iam, account) = (&world.cloud.iam, &world.cloud.account);
    let policy = json!({"Version": "2012-10-17", "Statement": everything()});
    iam.create_user(account, NewUser::new("ci").with_policy("own", policy))
        .unwrap();
    let key = iam.access_key("Key", "ci", true).unwrap();
    keep(&world, "/ci/id", &key.id).await;
    keep(&world, "/ci/secret", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY").await;
    let build = world.build(&[("buildspec.yml", SPEC)], json!({})).await;
    let lines = world.lines();
    assert_eq!(build["buildStatus"], "FAILED", "{lines:#?}");
    let refusal = "(InvalidSignatureException) when calling the GetAuthorizationToken operation";
    assert!(lines.iter().any(|line| line.contains(refusal)), "{lines:#?}");
}
