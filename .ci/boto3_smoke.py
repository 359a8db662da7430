"""Points boto3 at the local services, as a user would: parameters, and an execution with its history."""

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
print("boto3: parameters, an execution with its history, and an object: as on AWS")
