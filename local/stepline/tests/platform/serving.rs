//! What serves, as a template makes it.

use crate::world::{call, cloud};

use platform::account::Account;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use stepline::cloud::Cloud;
use stepline::deploy::{self, DeployedStack, Deployment};
use stepline::template::Deployed;

/// A cluster, a load balancer and a service, which has nothing to serve yet.
const TEMPLATE: &str = r#"
Resources:
  Cluster:
    Type: AWS::ECS::Cluster
    Properties: {ClusterName: main, Tags: [{Key: k, Value: v}]}
  Group:
    Type: AWS::EC2::SecurityGroup
    Properties:
      GroupDescription: Who may call.
      VpcId: vpc-1
      SecurityGroupIngress: [{IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIp: 10.0.0.0/8}]
  Rule:
    Type: AWS::EC2::SecurityGroupIngress
    Properties:
      GroupId: !GetAtt Group.GroupId
      IpProtocol: tcp
      FromPort: 8080
      ToPort: 8080
      SourceSecurityGroupId: !Ref Group
  Definition:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Family: app
      NetworkMode: awsvpc
      RequiresCompatibilities: [FARGATE]
      Cpu: 256
      Memory: 512
      ContainerDefinitions:
        - Name: serve
          Image: public.ecr.aws/docker/library/busybox:stable
          Essential: true
          PortMappings: [{ContainerPort: "8080", Protocol: tcp}]
          Environment: [{Name: FLAG, Value: true}, {Name: NUMBER, Value: 1}]
          DockerLabels: {Some-Label: l}
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      Name: lb
      Type: application
      Scheme: internal
      Subnets: [subnet-1, subnet-2]
      SecurityGroups: [!GetAtt Group.GroupId]
      LoadBalancerAttributes: [{Key: routing.http.drop_invalid_header_fields.enabled, Value: true}]
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetType: ip
      Protocol: HTTP
      Port: 8080
      VpcId: vpc-1
      HealthCheckPath: /ping
      Matcher: {HttpCode: "200"}
      TargetGroupAttributes: [{Key: deregistration_delay.timeout_seconds, Value: 20}]
  Listener:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      Protocol: HTTP
      Port: 80
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Targets}]
  Service:
    Type: AWS::ECS::Service
    DependsOn: Listener
    Properties:
      ServiceName: app
      Cluster: !Ref Cluster
      LaunchType: FARGATE
      DesiredCount: 0
      TaskDefinition: !Ref Definition
      HealthCheckGracePeriodSeconds: 60
      PropagateTags: TASK_DEFINITION
      NetworkConfiguration: {AwsvpcConfiguration: {Subnets: [subnet-1], SecurityGroups: [!GetAtt Group.GroupId]}}
      LoadBalancers: [{ContainerName: serve, ContainerPort: 8080, TargetGroupArn: !Ref Targets}]
      DeploymentConfiguration:
        MinimumHealthyPercent: 100
        MaximumPercent: 200
        DeploymentCircuitBreaker: {Enable: true, Rollback: true}
Outputs:
  Url: {Value: !Sub "http://${Balancer.DNSName}"}
  Names: {Value: !Sub "${Service.Name} ${Targets.TargetGroupName} ${Balancer.LoadBalancerName} ${Group.VpcId}"}
  Cluster: {Value: !GetAtt Cluster.Arn}
  Service: {Value: !Ref Service}
  Definition: {Value: !Ref Definition}
"#;

/// Deploys a template into an account.
async fn made(cloud: &Arc<Cloud>, template: &str) -> Result<DeployedStack, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("serving.yaml");
    std::fs::write(&file, template).expect("a template");
    let stack = Deployed {
        environment: "test".to_owned(),
        template: file,
        stack: "stack".to_owned(),
        region: Some(Account::local().region),
        ..Deployed::default()
    };
    let made = deploy::deploy_stack(cloud, &stack, &Deployment::default()).await;
    made.map_err(|error| error.to_string())
}

/// Deploys a template: its outputs, or what is wrong with it.
async fn deployed(template: &str) -> Result<BTreeMap<String, String>, String> {
    let cloud = cloud();
    let made = made(&cloud, template).await?;
    let question = json!({"cluster": "main", "services": ["app"]});
    let found = call(&cloud, "ecs", "DescribeServices", question)
        .await
        .expect("the service");
    assert_eq!(
        found["services"][0]["deployments"][0]["rolloutState"], "COMPLETED",
        "{found:#}"
    );
    let found = call(
        &cloud,
        "ecs",
        "DescribeTaskDefinition",
        json!({"taskDefinition": "app"}),
    )
    .await;
    let found = found.expect("the task definition");
    let container = &found["taskDefinition"]["containerDefinitions"][0];
    let environment = json!([{"name": "FLAG", "value": "true"}, {"name": "NUMBER", "value": "1"}]);
    assert_eq!(container["environment"], environment);
    assert_eq!(container["dockerLabels"], json!({"Some-Label": "l"}));
    Ok(made
        .outputs
        .into_iter()
        .map(|output| (output.name, output.value))
        .collect())
}

#[tokio::test]
async fn a_template_makes_what_serves() {
    let outputs = deployed(TEMPLATE).await.expect("a stack");
    assert!(outputs["Url"].starts_with("http://127.0.0.1:"), "{outputs:?}");
    let arn = |thing: &str| Account::local().arn("ecs", thing);
    for (name, expected) in [
        ("Names", "app stack-Targets lb vpc-1".to_owned()),
        ("Cluster", arn("cluster/main")),
        ("Service", arn("service/main/app")),
        ("Definition", arn("task-definition/app:1")),
    ] {
        assert_eq!(outputs[name], expected, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_here_is_passed_over_by_name() {
    for (given, changed, expected) in [
        ("LaunchType: FARGATE", "LaunchType: EC2", "FARGATE"),
        (
            "DesiredCount: 0",
            "DesiredCount: 0\n      SchedulingStrategy: DAEMON",
            "DAEMON",
        ),
        ("MaximumPercent: 200", "Strategy: CANARY", "CANARY"),
        (
            "MaximumPercent: 200",
            "LinearConfiguration: {StepPercent: 10}",
            "linearConfiguration",
        ),
        ("Type: application", "Type: network", "network"),
        (
            "Protocol: HTTP\n      Port: 80\n",
            "Protocol: HTTPS\n      Port: 443\n",
            "HTTPS",
        ),
        (
            "GroupDescription: Who may call.",
            "GroupDescription: x\n      Colour: red",
            "Colour",
        ),
        ("Family: app", "Family: app\n      PidMode: task", "pidMode"),
        (
            "Properties: {ClusterName: main",
            "Properties: {ClusterName: main, Configuration: {}",
            "configuration",
        ),
    ] {
        assert!(TEMPLATE.contains(given), "{given}");
        let stack = made(&cloud(), &TEMPLATE.replace(given, changed)).await.expect(changed);
        let shown: Vec<String> = stack.passed_over.iter().map(ToString::to_string).collect();
        assert!(
            shown.iter().any(|fault| fault.contains(expected)),
            "{changed}: {shown:?}"
        );
    }
}
