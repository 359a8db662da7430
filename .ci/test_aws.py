"""What AWS's own models and reference have against the templates and the definition: nothing.

Run with `python3 -m unittest discover --start-directory .ci`; needs PyYAML and botocore, which the SAM CLI brings.
"""

import json
import unittest

import botocore.session
import botocore.validate

from deployables import definition, resolve, resources, template

TEMPLATE = template("template.yaml")
PIPELINE = template("pipeline.yaml")
SERVING = template("serving.yaml")


def problems(service, operation, given):
    """What AWS's own model of an operation has against a request; nothing if it would be taken."""
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    return botocore.validate.ParamValidator().validate(given, model.input_shape).generate_report()


class Requests(unittest.TestCase):
    """What is sent to AWS in the end is what its operations take."""

    def test_sagemaker_takes_the_job(self):
        given = definition("MlPipelineStateMachine")["States"]["SageMaker-Hello-World"]["Parameters"]
        values = {
            "$.image.uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev@sha256:" + "0" * 64,
            "$.parameters.instanceType": "ml.t3.medium",
            "$.parameters.pythonEnv": "development",
            "$.parameters.volumeSize": 10,
        }

        def fill(value):
            if isinstance(value, dict):
                filled = {key: fill(each) for key, each in value.items() if not key.endswith(".$")}
                paths = {key[:-2]: values.get(each, "a-name-0-0") for key, each in value.items() if key.endswith(".$")}
                return filled | paths
            return value

        self.assertEqual(problems("sagemaker", "CreateProcessingJob", fill(given)), "")

    def test_ecr_answers_what_the_gate_reads(self):
        model = botocore.session.get_session().get_service_model("ecr").operation_model("DescribeImageScanFindings")
        states = definition("MlPipelineStateMachine")["States"]

        def there(shape, path):
            for name in path.split("."):
                shape = shape.member if shape.type_name == "list" else shape
                shape = shape.members[name[0].lower() + name[1:]]
            return shape

        for path in (
            "ImageScanStatus.Description",
            "ImageScanFindings.FindingSeverityCounts",
            "ImageScanFindings.ImageScanCompletedAt",
            "ImageScanFindings.Findings.Name",
            "ImageScanFindings.Findings.Attributes.Key",
            "ImageScanFindings.Findings.Attributes.Value",
            "ImageScanFindings.EnhancedFindings.Title",
            "ImageScanFindings.EnhancedFindings.Status",
            "ImageScanFindings.EnhancedFindings.Severity",
            "ImageScanFindings.EnhancedFindings.PackageVulnerabilityDetails.VulnerabilityId",
            "ImageScanFindings.EnhancedFindings.PackageVulnerabilityDetails.VulnerablePackages.Name",
            "ImageScanFindings.EnhancedFindings.PackageVulnerabilityDetails.VulnerablePackages.Version",
            "NextToken",
        ):
            there(model.output_shape, path)
            self.assertIn(path.rsplit(".", maxsplit=1)[-1], json.dumps(states["LookAtScan"]))
        statuses = there(model.output_shape, "ImageScanStatus.Status").enum
        for status in ("IN_PROGRESS", "PENDING", "COMPLETE", "ACTIVE", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE"):
            self.assertIn(status, statuses)
            self.assertIn(status, json.dumps([states["DecideOnScan"], states["ImageNotScanned"]]))
        severities = there(model.output_shape, "ImageScanFindings.Findings.Severity").enum
        for severity in severities:
            self.assertIn(f"'{severity}':", states["JudgeFindings"]["Assign"]["scanRefused"])
        errors = {f"Ecr.{shape.name}" for shape in model.error_shapes}
        for name in ("Ecr.ScanNotFoundException", "Ecr.ServerException"):
            self.assertIn(name, errors)
        given = {"registryId": "1", "repositoryName": "ml", "imageId": {"imageDigest": "sha256:a"}, "maxResults": 20}
        self.assertEqual(problems("ecr", "DescribeImageScanFindings", given | {"nextToken": "t"}), "")

    def test_codepipeline_takes_the_pipeline(self):
        def lower(value):
            if isinstance(value, list):
                return [lower(each) for each in value if each != "<AWS::NoValue>"]
            if isinstance(value, dict):
                return {key[0].lower() + key[1:]: value[key] if key == "Configuration" else lower(value[key]) for key in value}
            return value

        known = {
            "Branch": "dev",
            "EventTimeoutMinutes": 86_250,
            "ExecutionTimeoutMinutes": 60,
            # As long as CodePipeline takes.
            "PipelineName": "n" * 100,
            "PipelineRole.Arn": "arn:aws:iam::123456789012:role/pipeline",
            "RehearseIn": "dev",
            "Repository": "owner/name",
        }
        for conditions, expected in (
            (False, ["Source", "Build", "Execute"]),
            (True, ["Source", "Test", "Build", "Rehearse", "Approval", "Execute", "Approve", "Deploy"]),
        ):
            with self.subTest(expected):
                given = resolve(PIPELINE["Resources"]["Pipeline"]["Properties"], "prod", conditions, **known)
                declared = {key: given[key] for key in given if key not in ("RestartExecutionOnUpdate", "Tags")}
                request = lower(declared)
                self.assertEqual(problems("codepipeline", "CreatePipeline", {"pipeline": request}), "")
                self.assertEqual([stage["name"] for stage in request["stages"]], expected)
                for stage in request["stages"]:
                    for action in stage["actions"]:
                        text = action["configuration"].get("UserParameters", "{}")
                        self.assertLessEqual(len(text), 1000)
                        self.assertTrue(json.loads(text).get("stateMachine", "ssm:/").startswith("ssm:/"))


class Policies(unittest.TestCase):
    """Roles allow single actions, and all resources only where AWS knows none."""

    # https://docs.aws.amazon.com/service-authorization/latest/reference/: actions without resource types.
    WITHOUT_RESOURCE = {
        "cloudwatch:PutMetricData",
        "codepipeline:PutJobFailureResult",
        "codepipeline:PutJobSuccessResult",
        "ecr:GetAuthorizationToken",
        "ecs:DescribeTaskDefinition",
        "elasticloadbalancing:DescribeListeners",
        "elasticloadbalancing:DescribeRules",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
        "inspector2:ListCoverage",
        "inspector2:ListFindings",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }

    # Actions with resource types that are asked about on all resources: what Lambda calls for a function in a VPC
    # (https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions), and a list of the
    # tasks of container instances, of which Fargate has none. The cluster is a condition there.
    ON_ALL_RESOURCES = {
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
        "ecs:ListTasks",
    }

    def statements(self):
        for document in (TEMPLATE, PIPELINE, SERVING):
            for name, role in resources(document, "AWS::IAM::Role").items():
                self.assertNotIn("ManagedPolicyArns", role["Properties"], name)
                for policy in role["Properties"]["Policies"]:
                    for statement in policy["PolicyDocument"]["Statement"]:
                        yield name, statement["Fn::If"][1] if "Fn::If" in statement else statement

    def test_no_more_than_needed(self):
        for role, statement in self.statements():
            with self.subTest(f"{role}: {statement['Sid']}"):
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                self.assertEqual(actions, sorted(set(actions)))
                self.assertFalse([each for each in actions if "*" in each])
                if statement["Resource"] == "*":
                    self.assertLessEqual(set(actions), self.WITHOUT_RESOURCE | self.ON_ALL_RESOURCES)
                else:
                    self.assertFalse(set(actions) & self.WITHOUT_RESOURCE)


if __name__ == "__main__":
    unittest.main()
