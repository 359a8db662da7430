"""Points boto3 at the local services, as a user would: parameters, executions, objects, logs, topics and test reports."""

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
events = [{"timestamp": int(time.time() * 1000), "message": text} for text in ["ERROR one", "INFO two"]]
logs.put_log_events(logGroupName="/smoke", logStreamName="s", logEvents=events)
found = logs.filter_log_events(logGroupName="/smoke", filterPattern="ERROR")["events"]
assert [event["message"] for event in found] == ["ERROR one"], found

sns = boto3.client("sns")
topic = sns.create_topic(Name="smoke", Attributes={"DisplayName": "Smoke"})["TopicArn"]
assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "Smoke"
attributes = {"kind": {"DataType": "String", "StringValue": "test"}}
assert sns.publish(TopicArn=topic, Message="hello", MessageAttributes=attributes)["MessageId"]

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
print("boto3: parameters, an execution, objects and their versions, logs, a topic, and a test report: as on AWS")
