"""Asks about a run with the AWS CLI, as somebody at a terminal does: `python3 .ci/aws_cli.py AWS [AWS2]`.

The services must be up and exported, with a run of the training pipeline in them (aws_run.py). AWS is the command; AWS2 is
one of version 2, which alone has `aws logs tail`. Each row of `COMMANDS` is a command, and what it must print: a regular
expression, with `{…}` for what earlier ones have found.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

GROUP = "ml-pipeline-dev"
BUCKET = "ml-pipeline-data-dev-123456789012-us-east-1"
# `--endpoint-url` stands where version 1 (SQS) or an older version 2 does not heed AWS_ENDPOINT_URL.
# What is found under a name is at hand in the rows below it.
COMMANDS = [
    ("sts get-caller-identity --query Account --output text", r"^123456789012$"),
    ("sagemaker list-training-jobs --status-equals Completed --output text", r"training-job/(?P<job>\S+-t0-0-0)\t.*Completed"),
    ("sagemaker describe-training-job --training-job-name {job} --query TrainingJobStatus", r'^"Completed"$'),
    ("sagemaker list-processing-jobs --output table", r"processing-job/(?P<prepared>\S+-p-0-0) "),
    ("sagemaker describe-processing-job --processing-job-name {prepared} --query ProcessingJobStatus", r"Completed"),
    ("sagemaker list-model-packages --model-package-group-name " + GROUP, r'"ModelPackageArn": "(?P<model>[^"]+)"'),
    ("sagemaker describe-model-package --model-package-name {model}", r'"metric.accuracy": "0\.\d+"'),
    ("sagemaker wait processing-job-completed-or-stopped --processing-job-name {prepared}", r"^$"),
    ("stepfunctions list-state-machines --output text", r"(?P<machine>arn:\S+:ml-pipeline-training-dev)"),
    ("stepfunctions list-executions --state-machine-arn {machine} --max-items 1", r'"executionArn": "(?P<run>[^"]+)"'),
    ("stepfunctions describe-execution --execution-arn {run} --query status", r"SUCCEEDED"),
    ("stepfunctions get-execution-history --execution-arn {run} --query events[-1].type", r"ExecutionSucceeded"),
    ("codepipeline list-pipeline-executions --pipeline-name stepline-dev", r'"status": "Succeeded"'),
    ("codepipeline get-pipeline-state --name stepline-dev --output text", r"Succeeded"),
    ("codebuild list-builds-for-project --project-name stepline-build-dev --output text", r"(?P<build>stepline-build-dev:\S+)"),
    ("codebuild batch-get-builds --ids {build} --query builds[0].buildStatus", r"SUCCEEDED"),
    ("ecr describe-images --repository-name " + GROUP, r'"imageDigest": "sha256:[0-9a-f]{{64}}"'),
    ("ssm get-parameters-by-path --path /ml/dev --recursive --output text", r"/ml/dev/hyperparameters"),
    ("lambda list-functions --query Functions[].FunctionName", r"stepline-pipeline-action-dev"),
    ("ecs list-services --cluster stepline-dev --output text", r"(?P<service>arn:\S+/stepline-service-dev)"),
    ("ecs describe-services --cluster stepline-dev --services {service}", r'"runningCount": 1'),
    ("ecs wait services-stable --cluster stepline-dev --services {service}", r"^$"),
    ("elbv2 describe-target-groups --output text", r"(?P<group>arn:\S+:targetgroup/\S+)"),
    ("elbv2 describe-target-health --target-group-arn {group}", r'"State": "healthy"'),
    ("events list-rules --output text", r"arn:aws:events:"),
    ("sqs list-queues --endpoint-url {endpoint}", r"stepline-failed-events-dev"),
    ("sns list-topics", r"looked-at"),
    ("cloudformation describe-stacks --stack-name stepline-dev", r'"CreationTime": "\d{{4}}-'),
    ("iam get-role --role-name ml-pipeline-training-dev-us-east-1", r'"CreateDate": "\d{{4}}-'),
    ("logs describe-log-groups --output text", r"/aws/sagemaker/TrainingJobs"),
    ("logs describe-log-streams --log-group-name /aws/sagemaker/TrainingJobs", r'"logStreamName": "(?P<stream>[^"]+)"'),
    ("logs get-log-events --log-group-name /aws/sagemaker/TrainingJobs --log-stream-name {stream}", r"validation:accuracy="),
    ("logs filter-log-events --log-group-name /aws/sagemaker/TrainingJobs --filter-pattern accuracy", r"accuracy="),
    ("s3 ls", r"{bucket}"),
    ("s3 ls s3://{bucket}/ --recursive --human-readable --summarize", r"runs/\S+/lineage\.json\n[\s\S]*Total Objects: \d+"),
    ("s3 cp {folder}/up s3://{bucket}/looked-at/one", r"upload: .*up to s3://"),
    ("s3 cp s3://{bucket}/looked-at/one {folder}/down", r"download: s3://"),
    ("s3 sync s3://{bucket}/raw/ {folder}/raw", r"download: .*customers\.csv"),
    ("s3 mv s3://{bucket}/looked-at/one s3://{bucket}/looked-at/two", r"move: "),
    ("s3api list-object-versions --bucket {bucket} --prefix looked-at/ --query DeleteMarkers[0].Key", r"looked-at/one"),
    ("s3 presign s3://{bucket}/looked-at/two", r"^https?://\S+Signature="),
    ("s3 rm s3://{bucket}/looked-at/ --recursive", r"delete: "),
]  # fmt: skip
OF_VERSION_2 = [
    ("logs tail --endpoint-url {endpoint} /aws/sagemaker/TrainingJobs --since 1h", r"\S+ {stream} .*\n"),
    ("logs tail --endpoint-url {endpoint} /aws/sagemaker/TrainingJobs --since 1h --format short --filter-pattern accuracy", r"\d\d:\d\d \S*accuracy="),
    ("logs tail --endpoint-url {endpoint} /aws/codebuild/stepline-build-dev --since 1h", r"docker"),
    ("logs tail --endpoint-url {endpoint} /aws/lambda/stepline-pipeline-action-dev --since 1h", r"pipeline-action"),
]  # fmt: skip


def ask(aws, row, known):
    """Runs one command, and keeps what its answer has of names; what is wrong with it."""
    command, expected = row[0].format_map(known), row[1].format_map(known)
    done = subprocess.run([aws, *command.split()], capture_output=True, text=True, timeout=120)
    said = done.stdout if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr}"
    found = re.search(expected, said.strip(), re.MULTILINE) if done.returncode == 0 else None
    if found is None:
        return f"aws {command}: not {expected}: {said[-1500:]}"
    known.update(found.groupdict())
    return None


def main(aws, aws2=None):
    with tempfile.TemporaryDirectory() as folder:
        # More than one part of an upload.
        (Path(folder) / "up").write_bytes(bytes(range(256)) * (9 << 12))
        known = {"bucket": BUCKET, "folder": folder, "endpoint": os.environ["AWS_ENDPOINT_URL"]}
        rows = [(aws, row) for row in COMMANDS] + [(aws2, row) for row in OF_VERSION_2 if aws2]
        wrong = [problem for tool, row in rows if (problem := ask(tool, row, known))]
        if (Path(folder) / "up").read_bytes() != (Path(folder) / "down").read_bytes():
            wrong.append("what `aws s3 cp` has brought back is not what it took away")
    for problem in wrong:
        print(f"FAILED {problem}", file=sys.stderr)
    if wrong:
        raise SystemExit(1)
    print(f"aws: {len(rows)} commands print what a run has left")


if __name__ == "__main__":
    main(*sys.argv[1:])
