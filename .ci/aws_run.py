"""One run of the training pipeline on `cargo run -- up`, and then everything that it left, listed and described.

boto3's own clients ask, and each answer is held against AWS's shapes as it came over the wire (aws_shapes.py). `LOOKS` is
the table: one row for each list and for each description. A row that finds nothing, whatever it is
asked about, fails: it would prove nothing.
"""

import json
import re
import sys
import time
from dataclasses import dataclass, field

import boto3
import jmespath
from aws_shapes import Shapes
from botocore.config import Config

PIPELINE = "stepline-dev"
GROUP = "ml-pipeline-dev"
PATIENCE = 600
PAGE = 5
LIMITS = ("limit", "maxitems", "maxkeys", "maxresults", "maxuploads")
# Where AWS itself is not as its model says.
AWS_DIFFERS = {
    # A version has none: https://github.com/boto/botocore/issues/3022
    "sagemaker:DescribeModelPackage.ModelPackageName: is required in DescribeModelPackageOutput",
    "sagemaker:ListModelPackages.ModelPackageSummaryList[].ModelPackageName: is required in ModelPackageSummary",
}


@dataclass
class Look:
    """An operation, with what it is asked; `each` makes of its answer what the rows behind it are asked."""

    service: str
    operation: str
    asked: dict = field(default_factory=dict)
    each: str | None = None
    then: tuple = ()


def then(service, operation, each=None, *rows, **asked):
    """A row behind another: it is asked what that one found, and this."""
    return Look(service, operation, asked, each, rows)


def tags(service, operation="ListTagsForResource", argument="ResourceArn"):
    """The tags of what the row before has found under `arn`."""
    return Look(service, operation, {argument: "{arn}"})


LOOKS = [
    Look("sagemaker", "ListProcessingJobs", {}, "ProcessingJobSummaries[].{ProcessingJobName: ProcessingJobName, arn: ProcessingJobArn}", (
        then("sagemaker", "DescribeProcessingJob"), tags("sagemaker", "ListTags"))),
    Look("sagemaker", "ListTrainingJobs", {}, "TrainingJobSummaries[].{TrainingJobName: TrainingJobName, arn: TrainingJobArn}", (
        then("sagemaker", "DescribeTrainingJob"), tags("sagemaker", "ListTags"))),
    Look("sagemaker", "ListModelPackageGroups", {}, "ModelPackageGroupSummaryList[].{ModelPackageGroupName: ModelPackageGroupName, arn: ModelPackageGroupArn}", (
        then("sagemaker", "DescribeModelPackageGroup"), tags("sagemaker", "ListTags"),
        then("sagemaker", "ListModelPackages", "ModelPackageSummaryList[].{ModelPackageName: ModelPackageArn, arn: ModelPackageArn}",
             then("sagemaker", "DescribeModelPackage"), tags("sagemaker", "ListTags")))),
    Look("sagemaker", "ListModels", {}, "Models[].{ModelName: ModelName}", (then("sagemaker", "DescribeModel"),)),
    Look("stepfunctions", "ListStateMachines", {}, "stateMachines[].{stateMachineArn: stateMachineArn, arn: stateMachineArn}", (
        then("stepfunctions", "DescribeStateMachine"), tags("stepfunctions", argument="resourceArn"),
        Look("stepfunctions", "ListStateMachineVersions", {}, "stateMachineVersions[].{stateMachineArn: stateMachineVersionArn}", (
            then("stepfunctions", "DescribeStateMachine"),)),
        Look("stepfunctions", "ListStateMachineAliases", {}, "stateMachineAliases[].{stateMachineAliasArn: stateMachineAliasArn}", (
            then("stepfunctions", "DescribeStateMachineAlias"),)),
        Look("stepfunctions", "ListExecutions", {}, "executions[].{executionArn: executionArn}", (
            then("stepfunctions", "DescribeExecution"),
            then("stepfunctions", "DescribeStateMachineForExecution"),
            then("stepfunctions", "GetExecutionHistory", "events[].{}", includeExecutionData=True))))),
    Look("codepipeline", "ListPipelines", {}, "pipelines[].{name: name, pipelineName: name}", (
        then("codepipeline", "GetPipeline"), then("codepipeline", "GetPipelineState"),
        then("codepipeline", "ListPipelineExecutions", "pipelineExecutionSummaries[].{pipelineExecutionId: pipelineExecutionId}",
             then("codepipeline", "GetPipelineExecution")),
        then("codepipeline", "ListActionExecutions", "actionExecutionDetails[].{}"))),
    Look("codebuild", "BatchGetProjects", {"names": ["stepline-build-dev"]}, "projects[].{projectName: name}", (
        then("codebuild", "ListBuildsForProject", "{ids: ids}", then("codebuild", "BatchGetBuilds", "builds[].{}")),)),
    Look("ecr", "DescribeRepositories", {}, "repositories[].{repositoryName: repositoryName}", (
        Look("ecr", "DescribeImages", {}, "imageDetails[].{imageId: {imageDigest: imageDigest}, imageIds: [{imageDigest: imageDigest}]}", (
            then("ecr", "BatchGetImage"), then("ecr", "DescribeImageScanFindings"))),
        Look("ecr", "ListImages", {}, "imageIds[].{}"))),
    Look("ecr", "GetAuthorizationToken"),
    Look("ssm", "DescribeParameters", {}, "Parameters[].{Name: Name, Names: [Name]}", (
        then("ssm", "GetParameter", WithDecryption=True), then("ssm", "GetParameters"), then("ssm", "GetParameterHistory"))),
    Look("ssm", "GetParametersByPath", {"Path": "/ml", "Recursive": True}, "Parameters[].{}"),
    Look("s3", "ListBuckets", {}, "Buckets[].{Bucket: Name}", (
        then("s3", "HeadBucket"), then("s3", "GetBucketLocation"), then("s3", "GetBucketVersioning"),
        Look("s3", "ListObjectsV2", {}, "Contents[].{Key: Key}", (
            then("s3", "HeadObject"), then("s3", "GetObject"), then("s3", "GetObjectTagging"))),
        Look("s3", "ListObjects", {}, "Contents[].{}"),
        Look("s3", "ListObjectVersions", {}, "Versions[].{Key: Key, VersionId: VersionId}", (
            then("s3", "HeadObject"),)),
        then("s3", "ListMultipartUploads"))),
    Look("logs", "DescribeLogGroups", {}, "logGroups[].{logGroupName: logGroupName, arn: logGroupArn}", (
        tags("logs", argument="resourceArn"),
        Look("logs", "DescribeLogStreams", {}, "logStreams[].{logStreamName: logStreamName}", (
            then("logs", "GetLogEvents", "events[].{}", startFromHead=True),)),
        Look("logs", "FilterLogEvents", {}, "events[].{}"))),
    Look("sns", "ListTopics", {}, "Topics[].{TopicArn: TopicArn, arn: TopicArn}", (
        then("sns", "GetTopicAttributes"), tags("sns"), then("sns", "ListSubscriptionsByTopic"))),
    Look("sns", "ListSubscriptions", {}, "Subscriptions[].{SubscriptionArn: SubscriptionArn}", (
        then("sns", "GetSubscriptionAttributes"),)),
    Look("sqs", "ListQueues", {}, "QueueUrls[].{QueueUrl: @}", (
        then("sqs", "GetQueueAttributes", AttributeNames=["All"]),
        then("sqs", "ListDeadLetterSourceQueues"))),
    Look("events", "ListRules", {}, "Rules[].{Name: Name, Rule: Name}", (
        then("events", "DescribeRule"), then("events", "ListTargetsByRule", "Targets[].{}"))),
    Look("ecs", "ListClusters", {}, "clusterArns[].{cluster: @, clusters: [@], resourceArn: @}", (
        then("ecs", "DescribeClusters", include=["SETTINGS", "STATISTICS", "TAGS"]), then("ecs", "ListTagsForResource"),
        then("ecs", "ListServices", "serviceArns[].{services: [@], serviceName: @}", then("ecs", "DescribeServices", include=["TAGS"])),
        then("ecs", "ListTasks", "taskArns[].{tasks: [@]}", then("ecs", "DescribeTasks", include=["TAGS"])))),
    Look("ecs", "ListTaskDefinitionFamilies", {}, "families[].{familyPrefix: @}"),
    Look("ecs", "ListTaskDefinitions", {}, "taskDefinitionArns[].{taskDefinition: @}", (
        then("ecs", "DescribeTaskDefinition", include=["TAGS"]),)),
    Look("elbv2", "DescribeLoadBalancers", {}, "LoadBalancers[].{LoadBalancerArn: LoadBalancerArn, ResourceArns: [LoadBalancerArn]}", (
        then("elbv2", "DescribeListeners", "Listeners[].{ListenerArn: ListenerArn}", then("elbv2", "DescribeRules")),
        then("elbv2", "DescribeLoadBalancerAttributes"), then("elbv2", "DescribeTags"))),
    Look("elbv2", "DescribeTargetGroups", {}, "TargetGroups[].{TargetGroupArn: TargetGroupArn}", (
        then("elbv2", "DescribeTargetHealth"), then("elbv2", "DescribeTargetGroupAttributes"))),
    Look("lambda", "ListFunctions", {}, "Functions[].{FunctionName: FunctionName}", (
        then("lambda", "GetFunction"), then("lambda", "GetFunctionConfiguration"))),
    Look("lambda", "GetAccountSettings"),
    Look("cloudformation", "DescribeStacks", {}, "Stacks[].{StackName: StackName}", (
        then("cloudformation", "DescribeStackResources"),)),
    Look("iam", "GetRole", {"RoleName": "ml-pipeline-training-dev-us-east-1"}),
    Look("sts", "GetCallerIdentity"),
    Look("service-quotas", "ListServiceQuotas", {"ServiceCode": "sagemaker"}),
]  # fmt: skip


class Run:
    """The clients, and what they found."""

    def __init__(self):
        self.shapes = Shapes()
        self.clients = {}
        self.found = {}
        self.failed = []

    def client(self, service):
        if service not in self.clients:
            # What fails once here fails for good.
            config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
            self.clients[service] = self.shapes.watch(boto3.client(service, config=config))
        return self.clients[service]

    def look(self, row, inherited):
        """Asks one row, and the rows behind it for everything that it found."""
        client = self.client(row.service)
        model = client.meta.service_model.operation_model(row.operation)
        given = inherited | {name: self.filled(value, inherited) for name, value in row.asked.items()}
        asked = {name: value for name, value in given.items() if name in model.input_shape.members}
        name = f"{row.service}:{row.operation}"
        try:
            answers = list(self.pages(client, row.operation, asked))
        except client.exceptions.ClientError as error:
            self.failed.append(f"{name} of {asked}: {error}")
            return
        found = [item for answer in answers for item in self.each(row, answer)]
        self.found[name] = self.found.get(name, 0) + (len(found) if row.each else len(answers))
        for item in found:
            for behind in row.then:
                self.look(behind, inherited | item)

    @staticmethod
    def filled(value, inherited):
        return inherited["arn"] if value == "{arn}" else value

    @staticmethod
    def each(row, answer):
        # JMESPath has no empty object: a row without rows behind it only counts.
        if row.each is None:
            return []
        found = jmespath.search(row.each.replace(".{}", ""), answer) or []
        found = found if isinstance(found, list) else [found]
        return [item if row.then else {} for item in found]

    @staticmethod
    def pages(client, operation, asked):
        method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", operation).lower()
        method = {"list_objects_v2": "list_objects_v2"}.get(method, method)
        if client.can_paginate(method):
            # Small pages, so that there are several; some operations have none so small, or say themselves.
            members = client.meta.service_model.operation_model(operation).input_shape.members.items()
            least = [shape.metadata.get("min", 0) for name, shape in members if name.lower() in LIMITS]
            size = {"PageSize": max([PAGE, *least])} if least else {}
            yield from client.get_paginator(method).paginate(**asked, PaginationConfig=size)
        else:
            answer = getattr(client, method)(**asked)
            if hasattr(answer.get("Body"), "read"):
                answer["Body"].read()
            yield answer


def train(codepipeline):
    """Runs the pipeline to its end."""
    execution = codepipeline.start_pipeline_execution(name=PIPELINE)["pipelineExecutionId"]
    given_up = time.monotonic() + PATIENCE
    while time.monotonic() < given_up:
        asked = {"pipelineName": PIPELINE, "pipelineExecutionId": execution}
        found = codepipeline.get_pipeline_execution(**asked)["pipelineExecution"]
        if found["status"] != "InProgress":
            return found["status"]
        approve(codepipeline)
        time.sleep(0.5)
    raise SystemExit(f"the pipeline did not end within {PATIENCE} s")


def approve(codepipeline):
    """Approves whatever waits for somebody."""
    for stage in codepipeline.get_pipeline_state(name=PIPELINE)["stageStates"]:
        for action in stage.get("actionStates", []):
            latest = action.get("latestExecution", {})
            if latest.get("status") == "InProgress" and "token" in latest:
                codepipeline.put_approval_result(
                    pipelineName=PIPELINE, stageName=stage["stageName"], actionName=action["actionName"],
                    result={"summary": "looked at", "status": "Approved"}, token=latest["token"],
                )  # fmt: skip


def more(run):
    """What a run does not make of itself: a model of the newest package, which is approved first, and a topic."""
    sagemaker, sns, sqs = (run.client(name) for name in ("sagemaker", "sns", "sqs"))
    newest = sagemaker.list_model_packages(ModelPackageGroupName=GROUP, SortBy="CreationTime", SortOrder="Descending")
    arn = newest["ModelPackageSummaryList"][0]["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="looked at")
    role = run.client("iam").get_role(RoleName="ml-pipeline-training-job-dev-us-east-1")["Role"]["Arn"]
    name = f"looked-at-{int(time.time())}"
    sagemaker.create_model(ModelName=name, PrimaryContainer={"ModelPackageName": arn}, ExecutionRoleArn=role)
    topic = sns.create_topic(Name="looked-at", Tags=[{"Key": "application", "Value": "stepline"}])["TopicArn"]
    queue = sqs.create_queue(QueueName="looked-at")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    may = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    sns.publish(TopicArn=topic, Message="looked at")
    sqs.send_message(QueueUrl=queue, MessageBody="looked at")
    sqs.receive_message(QueueUrl=queue, AttributeNames=["All"], MaxNumberOfMessages=10)


def main():
    run = Run()
    status = train(run.client("codepipeline"))
    if status != "Succeeded":
        raise SystemExit(f"the pipeline ended as {status}")
    more(run)
    for row in LOOKS:
        run.look(row, {})
    nothing = [name for name, count in run.found.items() if count == 0]
    run.failed += [f"{name} finds nothing" for name in nothing]
    failed = [*run.failed, *(line for line in run.shapes.deviations if line not in AWS_DIFFERS)]
    for line in failed:
        print(f"FAILED {line}", file=sys.stderr)
    if failed:
        raise SystemExit(1)
    print(f"boto3: {run.shapes.answers} answers of {len(run.shapes.operations)} operations have the shapes of AWS's models")


if __name__ == "__main__":
    main()
