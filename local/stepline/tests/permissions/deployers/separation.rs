//! One environment's deployments do not reach the other one.

use super::account::{Deployed, ENVIRONMENTS, alone, deploy_with, deployed, may};
use super::actions::allowed_by;
use crate::environments::fold;
use crate::grants::{list, texts};
use serde_json::{Value, json};

/// The other environment.
pub(crate) fn other(environment: &str) -> &'static str {
    let mut others = ENVIRONMENTS.into_iter().filter(|other| *other != environment);
    others.next().expect("there are two")
}

/// What an environment's deployer must not touch: everything of the other one, and what holds it to its own.
pub(crate) fn forbidden(deployed: &Deployed, environment: &str) -> Vec<String> {
    let mut arns = deployed.everything_of(other(environment));
    arns.extend(deployed.of_deployer(environment));
    arns
}

#[tokio::test]
async fn no_action_of_a_deployer_reaches_the_other_environment() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        let role = deployed.deployer(environment);
        let actions = allowed_by(&deployed.policies(&role), |_| true);
        let arns = forbidden(deployed, environment);
        let context = deployed.favourable(environment);
        let mut allowed = Vec::new();
        for arn in &arns {
            let reached = actions
                .iter()
                .filter(|action| deployed.allows(&role, action, arn, &context));
            allowed.extend(reached.map(|action| format!("{action} on {arn}")));
        }
        println!(
            "{role}: {} actions on {} resources of {}: {} triples, {} allowed",
            actions.len(),
            arns.len(),
            other(environment),
            actions.len() * arns.len(),
            allowed.len()
        );
        assert!(actions.len() > 100 && arns.len() > 70, "the lists are whole");
        assert!(allowed.is_empty(), "{role} may {}", allowed.join("\n"));
    }
}

/// The policy that both deployers once had, in short: what is asked here finds what was wrong with it.
#[tokio::test]
async fn the_old_policy_reached_the_other_environment() {
    let deployed = deployed().await;
    let account = |service: &str, rest: &str| format!("arn:aws:{service}:us-east-1:123456789012:{rest}");
    let old = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "cloudformation:*", "Resource": account("cloudformation", "stack/stepline-*")},
        {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::aws-sam-cli-managed-default-*"},
        {
            "Effect": "Allow",
            "Action": ["codepipeline:*", "ecr:*", "lambda:*", "ssm:*", "states:*"],
            "Resource": [
                account("codepipeline", "stepline-*"),
                account("ecr", "repository/ml-pipeline-*"),
                account("lambda", "function:stepline-*"),
                account("ssm", "parameter/stepline/*"),
                account("states", "stateMachine:ml-pipeline-*"),
            ],
        },
        {"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::123456789012:role/stepline-*"},
        {"Effect": "Deny", "Action": "iam:*", "Resource": "arn:aws:iam::123456789012:role/stepline-deployer-*"},
    ]});
    let cloud = alone("old", vec![old], None);
    for (action, end) in [
        ("cloudformation:ExecuteChangeSet", ":stack/stepline-prod/11111111-2222"),
        ("codepipeline:PutApprovalResult", ":stepline-prod/Approval/Approval"),
        ("codepipeline:UpdatePipeline", ":stepline-prod"),
        ("ecr:PutImage", ":repository/ml-pipeline-prod"),
        ("iam:PutRolePolicy", ":role/stepline-pipeline-action-prod-us-east-1"),
        ("lambda:UpdateFunctionCode", ":function:stepline-pipeline-action-prod"),
        ("s3:PutObject", "/stepline-prod/0123456789abcdef"),
        ("ssm:PutParameter", ":parameter/stepline/prod/state-machine"),
        ("states:UpdateStateMachine", ":stateMachine:ml-pipeline-prod"),
    ] {
        let arns = forbidden(deployed, "dev");
        let arn = arns
            .iter()
            .find(|arn| arn.ends_with(end))
            .unwrap_or_else(|| panic!("no {end}"));
        assert!(
            may(&cloud, "old", action, arn, &[]),
            "the old policy: {action} on {arn}"
        );
        let role = deployed.deployer("dev");
        assert!(
            !deployed.allows(&role, action, arn, &deployed.favourable("dev")),
            "{action} on {arn}"
        );
    }
}

/// A deployer's policies without what denies, and without what knows no resource.
pub(crate) fn by_names_alone(deployed: &Deployed, environment: &str) -> Vec<Value> {
    let by_name = |statement: &Value| texts(&statement["Resource"]) != ["*"];
    let documents = deployed.policies(&deployed.deployer(environment));
    let kept = documents.iter().map(|document| {
        let statements = list(&document["Statement"]).into_iter();
        let allowing = statements.filter(|statement| statement["Effect"] == "Allow" && by_name(statement));
        json!({"Version": "2012-10-17", "Statement": allowing.collect::<Vec<_>>()})
    });
    kept.collect()
}

/// The statements that deny are a second bolt: without them it is the names that keep the environments apart.
#[tokio::test]
async fn names_alone_keep_the_environments_apart() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        let role = deployed.deployer(environment);
        let policies = by_names_alone(deployed, environment);
        let actions = allowed_by(&policies, |_| true);
        let cloud = alone("names", policies, None);
        let arns = deployed.everything_of(other(environment));
        let context = deployed.favourable(environment);
        let mut allowed = Vec::new();
        for arn in &arns {
            let reached = actions
                .iter()
                .filter(|action| may(&cloud, "names", action, arn, &context));
            allowed.extend(reached.map(|action| format!("{action} on {arn}")));
        }
        let triples = actions.len() * arns.len();
        println!("{role} by names alone: {triples} triples, {} allowed", allowed.len());
        assert!(allowed.is_empty(), "{role} may {}", allowed.join("\n"));
    }
}

/// The policies of the two deployers are one text, but for the environment's name: what is changed in one is changed in both.
#[tokio::test]
async fn both_deployers_have_the_same_policies() {
    let deployed = deployed().await;
    let [dev, prod] = ENVIRONMENTS.map(|environment| {
        let policies = deployed.policies(&deployed.deployer(environment));
        let statements = policies.iter().flat_map(|document| list(&document["Statement"]));
        let nameless = statements.map(|mut statement| {
            statement.as_object_mut().expect("a statement").shift_remove("Sid");
            fold(&statement.to_string(), Some(environment))
        });
        nameless.collect::<Vec<String>>()
    });
    assert_eq!(dev, prod);
}

/// Security groups have no names that IAM knows.
#[tokio::test]
async fn tags_keep_security_groups_apart() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        let role = deployed.deployer(environment);
        let groups = deployed.arns(environment, "AWS::EC2::SecurityGroup");
        assert_eq!(groups.len(), 3, "{groups:?}");
        for (action, key) in [
            ("ec2:CreateSecurityGroup", "aws:RequestTag/environment"),
            ("ec2:AuthorizeSecurityGroupIngress", "aws:ResourceTag/environment"),
            ("ec2:DeleteSecurityGroup", "aws:ResourceTag/environment"),
            ("ec2:DeleteTags", "aws:ResourceTag/environment"),
        ] {
            for (tag, allowed) in [
                (Some(environment), true),
                (Some(other(environment)), false),
                (None, false),
            ] {
                let context: Vec<_> = tag.map(|tag| (key, tag.to_owned())).into_iter().collect();
                let may = deployed.allows(&role, action, &groups[0], &context);
                assert_eq!(may, allowed, "{role} {action} {tag:?}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_who_deploys_answers_an_approval() {
    let deployed = deployed().await;
    for environment in ENVIRONMENTS {
        for pipeline in ENVIRONMENTS
            .iter()
            .flat_map(|of| deployed.arns(of, "AWS::CodePipeline::Pipeline"))
        {
            for action in ["Approval/Approval", "Execute/Execute"] {
                let arn = format!("{pipeline}/{action}");
                let role = deployed.deployer(environment);
                assert!(
                    !deployed.allows(&role, "codepipeline:PutApprovalResult", &arn, &[]),
                    "{arn}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_role_without_its_boundary_is_neither_made_nor_changed() {
    let deployed = deployed().await;
    let account = &deployed.cloud.account;
    for environment in ENVIRONMENTS {
        let role = deployed.deployer(environment);
        let own = account.global_arn(
            "iam",
            format_args!("role/stepline-new-{environment}-{}", account.region),
        );
        let administrator = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
        for (action, with_own, with_none) in [
            ("iam:CreateRole", true, false),
            ("iam:PutRolePolicy", true, false),
            ("iam:PutRolePermissionsBoundary", true, false),
            ("iam:UpdateAssumeRolePolicy", true, false),
            ("iam:UpdateRole", true, false),
            ("iam:DeleteRolePermissionsBoundary", false, false),
            ("iam:AttachRolePolicy", false, false),
            // What takes away needs no boundary.
            ("iam:DeleteRole", true, true),
            ("iam:DeleteRolePolicy", true, true),
        ] {
            let asked = |boundary: Option<String>| {
                let context: Vec<_> = boundary
                    .map(|arn| ("iam:PermissionsBoundary", arn))
                    .into_iter()
                    .collect();
                deployed.allows(&role, action, &own, &context)
            };
            assert_eq!(asked(Some(deployed.boundary(environment))), with_own, "{role} {action}");
            assert_eq!(asked(None), with_none, "{role} {action} without");
            for foreign in [deployed.boundary(other(environment)), administrator.clone()] {
                assert_eq!(
                    asked(Some(foreign.clone())),
                    with_none,
                    "{role} {action} with {foreign}"
                );
            }
        }
        // Nor is the boundary changed, or the role itself.
        for action in super::actions::named("iam:*Policy*") {
            for arn in deployed.of_deployer(environment) {
                assert!(
                    !deployed.allows(&role, &action, &arn, &deployed.favourable(environment)),
                    "{action} {arn}"
                );
            }
        }
    }
}

/// The same by CloudFormation, which calls IAM as who deploys.
#[tokio::test(flavor = "multi_thread")]
async fn a_stack_of_a_deployer_has_roles_with_the_boundary_alone() {
    let deployed = deploy_with(&[("deployer", &[])]).await;
    let cloud = &deployed.cloud;
    stepline::deploy::stand_behind(cloud);
    let session = cloud.iam.session(&deployed.deployer("dev"), "deploys", Vec::new());
    let session = session.expect("a session");
    let ask = async |operation: &str, input: Value| {
        let answer = cloud.call(&session, "cloudformation", operation, input).await;
        answer.unwrap_or_else(|error| panic!("{operation}: {error}"))
    };
    let boundary = format!("PermissionsBoundary: '{}', ", deployed.boundary("dev"));
    for (change_set, boundary, expected) in [
        ("without", "", "ROLLBACK_COMPLETE"),
        ("with", boundary.as_str(), "CREATE_COMPLETE"),
    ] {
        let template = format!(
            "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties: {{{boundary}RoleName: !Sub 'stepline-new-dev-${{AWS::Region}}', AssumeRolePolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: 'sts:AssumeRole'}}]}}, Policies: [{{PolicyName: p, PolicyDocument: {{Version: '2012-10-17', Statement: [{{Effect: Allow, Action: 's3:GetObject', Resource: '*'}}]}}}}], Tags: [{{Key: k, Value: v}}]}}\n"
        );
        let made = json!({
            "StackName": "stepline-dev", "ChangeSetName": change_set, "ChangeSetType": "CREATE",
            "Capabilities": ["CAPABILITY_NAMED_IAM"], "TemplateBody": template,
        });
        let id = ask("CreateChangeSet", made).await["StackId"].take();
        let named = json!({"StackName": "stepline-dev", "ChangeSetName": change_set});
        ask("ExecuteChangeSet", named).await;
        cloud.ongoing.end(id.as_str().expect("an id")).await;
        let shown = ask("DescribeStacks", json!({ "StackName": id })).await;
        assert_eq!(shown["Stacks"][0]["StackStatus"], expected, "{shown}");
        ask("DeleteStack", json!({"StackName": "stepline-dev"})).await;
        cloud.ongoing.end(id.as_str().expect("an id")).await;
        let shown = ask("DescribeStacks", json!({ "StackName": id })).await;
        assert_eq!(shown["Stacks"][0]["StackStatus"], "DELETE_COMPLETE", "{shown}");
    }
}

/// A pipeline that was moved over keeps its name, and is its own environment's all the same.
#[tokio::test]
async fn a_pipeline_with_a_name_of_its_own_belongs_to_its_environment() {
    let names = [("DevPipelineName", "ml-nightly"), ("ProdPipelineName", "ml-weekly")];
    let deployed = deploy_with(&[("deployer", &names)]).await;
    for (environment, own, foreign) in [("dev", "ml-nightly", "ml-weekly"), ("prod", "ml-weekly", "ml-nightly")] {
        let role = deployed.deployer(environment);
        let may = |action: &str, name: &str| {
            let arn = deployed.cloud.account.arn("codepipeline", name);
            deployed.allows(&role, action, &arn, &[])
        };
        for action in [
            "codepipeline:UpdatePipeline",
            "codepipeline:DeletePipeline",
            "codepipeline:TagResource",
        ] {
            assert!(may(action, own), "{role} {action} {own}");
            assert!(may(action, &format!("stepline-{environment}")), "{role} {action}");
            assert!(!may(action, foreign), "{role} {action} {foreign}");
        }
        for name in [own, foreign] {
            assert!(
                !may("codepipeline:PutApprovalResult", &format!("{name}/Approval/Approval")),
                "{role} {name}"
            );
        }
    }
}
