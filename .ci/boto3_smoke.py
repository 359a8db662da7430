"""Points boto3 at the local services, as a user would: parameters, executions, objects, logs, topics, queues, reports."""

import io
import json
import time

import boto3

ssm = boto3.client("ssm")
ssm.put_parameter(Name="/smoke/size", Value="17", Type="String")
ssm.put_parameter(Name="/smoke/secret", Value="s3cret", Type="SecureString")
assert ssm.get_parameter(Name="/smoke/size")["Parameter"]["Value"] == "17"
page = ssm.get_parameters_by_path(Path="/smoke/", WithDecryption=False)
assert [p["Name"] for p in page["Parameters"]] == ["/smoke/secret", "/smoke/size"]
answer = ssm.get_parameters(Names=["/smoke/size", "/smoke/none", "/smoke/size"])
assert len(answer["Parameters"]) == 1 and answer["InvalidParameters"] == ["/smoke/none"]

ssm.label_parameter_version(Name="/smoke/size", Labels=["old", "new"])
unlabelled = ssm.unlabel_parameter_version(Name="/smoke/size", ParameterVersion=1, Labels=["old", "none"])
assert (unlabelled["RemovedLabels"], unlabelled["InvalidLabels"]) == (["old"], ["none"]), unlabelled

sfn = boto3.client("stepfunctions")
machine = sfn.create_state_machine(
    name="smoke",
    roleArn="arn:aws:iam::123456789012:role/smoke",
    definition=json.dumps({"StartAt": "Say", "States": {"Say": {"Type": "Pass", "Result": "hello", "End": True}}}),
)["stateMachineArn"]
execution = sfn.start_execution(stateMachineArn=machine, name="one", input="{}")["executionArn"]
for _ in range(100):
    described = sfn.describe_execution(executionArn=execution)
    if described["status"] != "RUNNING":
        break
    time.sleep(0.05)
assert (described["status"], described["output"]) == ("SUCCEEDED", '"hello"'), described
types = [event["type"] for event in sfn.get_execution_history(executionArn=execution)["events"]]
assert types == ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"], types

try:
    sfn.start_execution(stateMachineArn=machine, name="one", input="{}")
    raise AssertionError("a name is free again only after 90 days")
except sfn.exceptions.ExecutionAlreadyExists:
    pass

s3 = boto3.client("s3")
s3.create_bucket(Bucket="smoke-bucket")
tags = [{"Key": "team", "Value": "ml"}]
s3.put_bucket_tagging(Bucket="smoke-bucket", Tagging={"TagSet": tags})
assert s3.get_bucket_tagging(Bucket="smoke-bucket")["TagSet"] == tags
s3.delete_bucket_tagging(Bucket="smoke-bucket")
try:
    s3.get_object(Bucket="smoke-bucket", Key="none")
    raise AssertionError("there is no such object")
except s3.exceptions.NoSuchKey as error:
    assert error.response["Error"]["Key"] == "none", error.response
s3.put_object(Bucket="smoke-bucket", Key="a/b.txt", Body=b"body")
assert s3.get_object(Bucket="smoke-bucket", Key="a/b.txt")["Body"].read() == b"body"
s3.put_bucket_versioning(Bucket="smoke-bucket", VersioningConfiguration={"Status": "Enabled"})
big = bytes(9 << 20)
s3.upload_fileobj(io.BytesIO(big), "smoke-bucket", "big")
assert s3.head_object(Bucket="smoke-bucket", Key="big")["ETag"].endswith('-2"')
s3.copy({"Bucket": "smoke-bucket", "Key": "big"}, "smoke-bucket", "copy")
copied = io.BytesIO()
s3.download_fileobj("smoke-bucket", "copy", copied)
assert copied.getvalue() == big
s3.delete_object(Bucket="smoke-bucket", Key="copy")
listed = s3.list_object_versions(Bucket="smoke-bucket")
assert [marker["Key"] for marker in listed["DeleteMarkers"]] == ["copy"], listed
versions = [{"Key": v["Key"], "VersionId": v["VersionId"]} for v in listed["Versions"] + listed["DeleteMarkers"]]
assert "Errors" not in s3.delete_objects(Bucket="smoke-bucket", Delete={"Objects": versions})
s3.delete_bucket(Bucket="smoke-bucket")

logs = boto3.client("logs")
logs.create_log_group(logGroupName="/smoke")
logs.create_log_stream(logGroupName="/smoke", logStreamName="s")
logs.tag_log_group(logGroupName="/smoke", tags={"team": "ml", "x": "y"})
logs.untag_log_group(logGroupName="/smoke", tags=["x"])
assert logs.list_tags_log_group(logGroupName="/smoke")["tags"] == {"team": "ml"}
events = [{"timestamp": int(time.time() * 1000), "message": text} for text in ["ERROR one", "INFO two"]]
logs.put_log_events(logGroupName="/smoke", logStreamName="s", logEvents=events)
found = logs.filter_log_events(logGroupName="/smoke", filterPattern="ERROR")["events"]
assert [event["message"] for event in found] == ["ERROR one"], found

sns = boto3.client("sns")
topic = sns.create_topic(Name="smoke", Attributes={"DisplayName": "Smoke"})["TopicArn"]
assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Smoke"
attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
assert sns.publish(TopicArn=topic, Message="hello", MessageAttributes=attributes)["MessageId"]

sns.tag_resource(ResourceArn=topic, Tags=tags + [{"Key": "x", "Value": "y"}])
sns.untag_resource(ResourceArn=topic, TagKeys=["x"])
assert sns.list_tags_for_resource(ResourceArn=topic)["Tags"] == tags

sqs = boto3.client("sqs")
queue = sqs.create_queue(QueueName="smoke", tags={"team": "ml"})["QueueUrl"]
sqs.tag_queue(QueueUrl=queue, Tags={"x": "y"})
sqs.untag_queue(QueueUrl=queue, TagKeys=["x"])
assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "ml"}
entries = [{"Id": name, "MessageBody": name, "MessageAttributes": attributes} for name in ["a", "b"]]
late = {"Id": "late", "MessageBody": "c", "DelaySeconds": 901}
sent = sqs.send_message_batch(QueueUrl=queue, Entries=[*entries, late])
assert [entry["Id"] for entry in sent["Successful"]] == ["a", "b"], sent
assert [(entry["Id"], entry["Code"]) for entry in sent["Failed"]] == [("late", "InvalidParameterValue")], sent
received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
handles = [{"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(received)]
hidden = [handle | {"VisibilityTimeout": 60} for handle in handles]
assert len(sqs.change_message_visibility_batch(QueueUrl=queue, Entries=hidden)["Successful"]) == 2
assert "Failed" not in sqs.delete_message_batch(QueueUrl=queue, Entries=handles)
try:
    sqs.delete_message(QueueUrl=queue, ReceiptHandle="made-up")
    raise AssertionError("that is no handle")
except sqs.exceptions.ReceiptHandleIsInvalid:
    pass

events = boto3.client("events")
rule = events.put_rule(Name="smoke", ScheduleExpression="rate(1 hour)", Tags=tags)["RuleArn"]
events.tag_resource(ResourceARN=rule, Tags=[{"Key": "x", "Value": "y"}])
events.untag_resource(ResourceARN=rule, TagKeys=["x"])
assert events.list_tags_for_resource(ResourceARN=rule)["Tags"] == tags
target = "arn:aws:sqs:us-east-1:123456789012:smoke"
events.put_targets(Rule="smoke", Targets=[{"Id": "queue", "Arn": target}])
assert events.list_rule_names_by_target(TargetArn=target)["RuleNames"] == ["smoke"]

codebuild = boto3.client("codebuild")
results = "<testsuite name='s'><testcase classname='c' name='a'/><testcase name='b'><failure message='no'/></testcase></testsuite>"
spec = {
    "version": "0.2",
    "phases": {"build": {"commands": [f'echo "{results}" >results.xml']}},
    "reports": {"smoke": {"files": ["results.xml"]}},
}
build = codebuild.start_build(
    projectName="stepline-test-dev",
    sourceTypeOverride="NO_SOURCE",
    artifactsOverride={"type": "NO_ARTIFACTS"},
    buildspecOverride=json.dumps(spec, indent=1),
)["build"]
for _ in range(200):
    build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildComplete"]:
        break
    time.sleep(0.05)
assert build["buildStatus"] == "SUCCEEDED", build["phases"]
report = codebuild.batch_get_reports(reportArns=build["reportArns"])["reports"][0]
counts = report["testSummary"]["statusCounts"]
assert (report["status"], counts["SUCCEEDED"], counts["FAILED"]) == ("FAILED", 1, 1), report
group = report["reportGroupArn"]
assert codebuild.list_report_groups()["reportGroups"] == [group]
assert codebuild.list_reports_for_report_group(reportGroupArn=group)["reports"] == build["reportArns"]
failed = codebuild.describe_test_cases(reportArn=report["arn"], filter={"status": "FAILED"})["testCases"]
assert [(case["name"], case["message"]) for case in failed] == [("b", "no")], failed
codebuild.delete_report_group(arn=group, deleteReports=True)
assert codebuild.list_builds(sortOrder="DESCENDING")["ids"][0] == build["id"]
project = codebuild.batch_get_projects(names=["stepline-test-dev"])["projects"][0]
assert codebuild.batch_get_projects(names=[project["arn"]])["projects"] == [project]

ecr = boto3.client("ecr")
repository = ecr.create_repository(repositoryName="smoke", tags=[{"Key": "team", "Value": "ml"}])["repository"]
ecr.tag_resource(resourceArn=repository["repositoryArn"], tags=[{"Key": "stage", "Value": "test"}])
ecr.untag_resource(resourceArn=repository["repositoryArn"], tagKeys=["team"])
tags = ecr.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
assert tags == [{"Key": "stage", "Value": "test"}], tags
scanning = {"scanOnPush": True}
scanning = ecr.put_image_scanning_configuration(repositoryName="smoke", imageScanningConfiguration=scanning)
assert scanning["imageScanningConfiguration"] == {"scanOnPush": True}
statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:DescribeImages"}
policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
ecr.set_repository_policy(repositoryName="smoke", policyText=policy)
assert ecr.get_repository_policy(repositoryName="smoke")["policyText"] == policy
assert ecr.delete_repository_policy(repositoryName="smoke")["policyText"] == policy
selection = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 3}
rule = {"rulePriority": 1, "selection": selection, "action": {"type": "expire"}}
ecr.put_lifecycle_policy(repositoryName="smoke", lifecyclePolicyText=json.dumps({"rules": [rule]}))
assert ecr.get_lifecycle_policy(repositoryName="smoke")["lastEvaluatedAt"]
ecr.delete_lifecycle_policy(repositoryName="smoke")
ecr.delete_repository(repositoryName="smoke")

codepipeline = boto3.client("codepipeline")
for pipeline in codepipeline.list_pipelines()["pipelines"]:
    arn = codepipeline.get_pipeline(name=pipeline["name"])["metadata"]["pipelineArn"]
    before = codepipeline.list_tags_for_resource(resourceArn=arn)["tags"]
    codepipeline.tag_resource(resourceArn=arn, tags=[{"key": "smoke", "value": "1"}])
    assert {"key": "smoke", "value": "1"} in codepipeline.list_tags_for_resource(resourceArn=arn)["tags"]
    codepipeline.untag_resource(resourceArn=arn, tagKeys=["smoke"])
    assert codepipeline.list_tags_for_resource(resourceArn=arn)["tags"] == before
print("boto3: parameters, an execution, objects, logs, messages, rules, reports, a repository, tags: as on AWS")
