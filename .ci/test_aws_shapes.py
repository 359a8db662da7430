"""What deviates from a shape is found, one fault at a time; what does not, is left alone."""

import json
import unittest
from types import SimpleNamespace

import botocore.session

from aws_shapes import deviations

SESSION = botocore.session.get_session()


def found(service, operation, body, **headers):
    """What is not as in the model: (where, what)."""
    model = SESSION.get_service_model(service).operation_model(operation)
    body = body if isinstance(body, str) else json.dumps(body)
    return [f"{path}: {what}" for path, what in deviations(SimpleNamespace(content=body.encode(), headers=headers), model)]


class Json(unittest.TestCase):
    ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
    RIGHT = {"stateMachines": [{"stateMachineArn": ARN, "name": "m", "type": "STANDARD", "creationDate": 1795992826.413}]}

    def changed(self, **changes):
        [machine] = self.RIGHT["stateMachines"]
        machine = {name: value for name, value in (machine | changes).items() if value is not ...}
        return found("stepfunctions", "ListStateMachines", {"stateMachines": [machine]})

    def test_what_is_right(self):
        self.assertEqual(self.changed(), [])

    def test_each_fault(self):
        at = ".stateMachines[]"
        for changes, expected in [
            ({"name": ...}, f"{at}.name: is required in StateMachineListItem"),
            ({"arn": "x"}, f"{at}.arn: is no member of StateMachineListItem"),
            ({"name": 1}, f"{at}.name: is 1, not a text"),
            ({"name": None}, f"{at}.name: is null: what is not there is left out"),
            ({"type": "FAST"}, f"{at}.type: is 'FAST', none of STANDARD, EXPRESS"),
            ({"creationDate": 1795992826413}, f"{at}.creationDate: is 1795992826413, not seconds since 1970"),
            ({"creationDate": "2026-11-29"}, f"{at}.creationDate: is '2026-11-29', not seconds since 1970"),
        ]:
            self.assertEqual(self.changed(**changes), [expected])

    def test_lists_maps_and_numbers(self):
        self.assertEqual(found("stepfunctions", "ListStateMachines", {"stateMachines": {}}), [".stateMachines: is dict, not a list"])
        self.assertEqual(found("stepfunctions", "ListStateMachines", "<x/>")[0].split(":")[1], " is no JSON")
        count = found("ssm", "GetParameter", {"Parameter": {"Version": "1"}})
        self.assertEqual(count, [".Parameter.Version: is '1', no long"])


class Xml(unittest.TestCase):
    def topics(self, inside, more=""):
        return found("sns", "ListTopics", f"<ListTopicsResponse><ListTopicsResult>{inside}</ListTopicsResult>{more}</ListTopicsResponse>")

    def test_query(self):
        right = "<Topics><member><TopicArn>a</TopicArn></member></Topics>"
        self.assertEqual(self.topics(right, "<ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>"), [])
        self.assertEqual(self.topics(right, "<Extra/>"), [".Extra: is no part of an answer to ListTopics"])
        self.assertEqual(self.topics("<Topics><item/></Topics>"), [".Topics.item: is in a list of `member`"])
        self.assertEqual(self.topics("<Token/>"), [".Token: is no member of ListTopicsResponse"])

    def test_rest(self):
        entry = "<Contents><Key>k</Key><Size>{}</Size><LastModified>{}</LastModified></Contents>"
        listed = "<ListBucketResult><Name>b</Name>{}</ListBucketResult>"
        time = "2026-11-29T22:54:16.000Z"
        right = listed.format(entry.format(1, time) * 2)
        self.assertEqual(found("s3", "ListObjectsV2", right), [])
        wrong = found("s3", "ListObjectsV2", listed.format(entry.format("one", time)))
        self.assertEqual(wrong, [".Contents[].Size: is 'one', no long"])
        wrong = found("s3", "ListObjectsV2", listed.format(entry.format(1, "Sun, 29 Nov 2026 22:54:16 GMT")))
        self.assertEqual(wrong, [".Contents[].LastModified: is 'Sun, 29 Nov 2026 22:54:16 GMT', no time as iso8601 has it"])

    def test_headers(self):
        head = {"Last-Modified": "Sun, 29 Nov 2026 22:54:16 GMT", "Content-Length": "3"}
        self.assertEqual(found("s3", "HeadObject", "", **head), [])
        wrong = found("s3", "HeadObject", "", **head | {"Content-Length": "three"})
        self.assertEqual([line.split(":")[0] for line in wrong], [".ContentLength"])


if __name__ == "__main__":
    unittest.main()
