"""The Python function that does what `pipeline-action` does on a poll, with boto3, over the Lambda Runtime API.

Only the comparison needs it: the runtime's loop is written out, as Lambda's own Python client is not on PyPI in a form
that installs everywhere.
"""

import http.client
import json
import os

import boto3

sfn = boto3.client("stepfunctions")
codepipeline = boto3.client("codepipeline")


def handler(event):
    job = event["CodePipeline.job"]
    token = job["data"].get("continuationToken")
    if token is None:
        parameters = json.loads(job["data"]["actionConfiguration"]["configuration"]["UserParameters"])
        token = sfn.start_execution(
            stateMachineArn=parameters["stateMachine"], name=job["id"], input=json.dumps(parameters.get("input", {}))
        )["executionArn"]
        codepipeline.put_job_success_result(jobId=job["id"], continuationToken=token)
        return
    if sfn.describe_execution(executionArn=token)["status"] == "RUNNING":
        codepipeline.put_job_success_result(jobId=job["id"], continuationToken=token)


api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    invocation = api.getresponse()
    request_id = invocation.headers["Lambda-Runtime-Aws-Request-Id"]
    handler(json.loads(invocation.read()))
    api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", body="null")
    api.getresponse().read()
