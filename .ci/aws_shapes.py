"""Holds raw answers of services against the shapes that botocore's models of AWS have for them.

An SDK overlooks what it does not know, takes what is missing for nothing, and reads a number where a text should be. So
what a client returns proves little: here each answer is read again, as it came over the wire.
"""

import base64
import binascii
import json
import re
from xml.etree import ElementTree

ISO8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)$")
RFC822 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$")
# What every answer of the query and REST protocols has beside its shape.
QUERY_ENVELOPE = {"ResponseMetadata"}
INTEGERS = {"integer": 32, "long": 64}
# What a service answers although its model has another value. Of this one IAM's reference says that it can only be `Policy`:
# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachedPermissionsBoundary.html
BESIDE_THE_MODEL = {"PermissionsBoundaryAttachmentType": {"Policy"}}


class Shapes:
    """The deviations of every answer that the watched clients get."""

    def __init__(self):
        self.deviations = {}
        self.answers = 0
        self.operations = set()

    def watch(self, client):
        """Looks at every answer that this client gets from now on; the client."""
        client.meta.events.register("after-call", self._after_call)
        return client

    def _after_call(self, http_response, model, **_):
        if http_response.status_code >= 300:
            return
        self.answers += 1
        self.operations.add(f"{model.service_model.service_name}:{model.name}")
        for path, what in sorted(set(deviations(http_response, model))):
            self.deviations.setdefault(f"{model.service_model.service_name}:{model.name}{path}: {what}", None)


def deviations(http_response, model):
    """What is not as in the model: (where, what)."""
    shape, protocol = model.output_shape, model.service_model.protocol
    if protocol in ("query", "rest-xml"):
        yield from _xml(http_response, model, protocol)
    elif shape is None or model.has_streaming_output:
        yield from _headers(http_response, shape)
    else:
        yield from _headers(http_response, shape)
        payload = shape.serialization.get("payload")
        shape = shape.members[payload] if payload else shape
        text = http_response.content.decode()
        try:
            value = json.loads(text or "{}")
        except ValueError as error:
            yield "", f"is no JSON: {error}"
            return
        yield from of_json(value, shape, "", protocol, _bound_elsewhere(shape))


def _bound_elsewhere(shape):
    """Members that are no part of the body."""
    return {
        name for name, member in shape.members.items()
        if member.serialization.get("location") in ("header", "headers", "statusCode")
    }  # fmt: skip


def _headers(http_response, shape):
    for name, member in (shape.members if shape else {}).items():
        if member.serialization.get("location") != "header":
            continue
        value = http_response.headers.get(member.serialization["name"])
        if value is None:
            if name in shape.required_members:
                yield f".{name}", f"no header {member.serialization['name']}"
        else:
            yield from of_text(value, member, f".{name}", "rfc822")


def of_json(value, shape, path, protocol="json", elsewhere=frozenset()):
    """What of a JSON value is not as its shape says."""
    kind = shape.type_name
    if value is None:
        yield path, "is null: what is not there is left out"
    elif kind == "structure":
        yield from _structure(value, shape, path, protocol, elsewhere)
    elif kind == "list":
        if not isinstance(value, list):
            yield path, f"is {type(value).__name__}, not a list"
            return
        for item in value:
            yield from of_json(item, shape.member, path + "[]", protocol)
    elif kind == "map":
        if not isinstance(value, dict):
            yield path, f"is {type(value).__name__}, not a map"
            return
        for key, item in value.items():
            yield from of_text(key, shape.key, path + "{}", "iso8601")
            yield from of_json(item, shape.value, path + "{}", protocol)
    else:
        yield from _scalar(value, shape, path, protocol)


def _structure(value, shape, path, protocol, elsewhere):
    if getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, dict):
        yield path, f"is {type(value).__name__}, not a structure"
        return
    members = {member.serialization.get("name", name): (name, member) for name, member in shape.members.items()}
    for key in value:
        if key not in members:
            yield f"{path}.{key}", f"is no member of {shape.name}"
    for key, (name, member) in members.items():
        if name in elsewhere:
            continue
        if key in value:
            yield from of_json(value[key], member, f"{path}.{key}", protocol)
        elif name in shape.required_members:
            yield f"{path}.{key}", f"is required in {shape.name}"
    if shape.is_tagged_union and len(value) != 1:
        yield path, f"has {len(value)} members, a union has one"


def _scalar(value, shape, path, protocol):
    kind = shape.type_name
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "boolean":
        if not isinstance(value, bool):
            yield path, f"is {value!r}, no boolean"
    elif kind in INTEGERS:
        if not is_number or value != int(value):
            yield path, f"is {value!r}, no {kind}"
        elif abs(value) >= 1 << (INTEGERS[kind] - 1):
            yield path, f"is too large for {kind}: {value}"
    elif kind in ("float", "double"):
        if not is_number and value not in ("NaN", "Infinity", "-Infinity"):
            yield path, f"is {value!r}, no {kind}"
    elif kind == "timestamp":
        default = "iso8601" if protocol == "rest-xml" else "unixtimestamp"
        form = shape.serialization.get("timestampFormat", default).lower()
        if form == "unixtimestamp":
            # AWS is younger than 2001 and this is not the year 2100: milliseconds would be.
            if not is_number or not 978307200 <= value < 4102444800:
                yield path, f"is {value!r}, not seconds since 1970"
        else:
            yield from of_text(value, shape, path, form)
    else:
        yield from of_text(value, shape, path, "iso8601")


def of_text(value, shape, path, times):
    """What of a text, in JSON, XML or a header, is not as its shape says; `times` is how it has times by default."""
    kind = shape.type_name
    if not isinstance(value, str):
        yield path, f"is {value!r}, not a text"
    elif kind == "string":
        if shape.enum and value not in {*shape.enum, *BESIDE_THE_MODEL.get(shape.name, ())}:
            yield path, f"is {value!r}, none of {', '.join(shape.enum)}"
    elif kind == "timestamp":
        form = shape.serialization.get("timestampFormat", times).lower()
        fits = {"iso8601": ISO8601.match, "rfc822": RFC822.match, "unixtimestamp": re.compile(r"\d+(\.\d+)?$").match}
        if not fits[form](value):
            yield path, f"is {value!r}, no time as {form} has it"
    elif kind == "blob":
        try:
            base64.b64decode(value, validate=True)
        except binascii.Error:
            yield path, "is not base64"
    elif kind == "boolean":
        if value not in ("true", "false"):
            yield path, f"is {value!r}, no boolean"
    elif kind in INTEGERS:
        if not re.fullmatch(r"-?\d+", value):
            yield path, f"is {value!r}, no {kind}"
    elif kind in ("float", "double") and not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", value):
        yield path, f"is {value!r}, no {kind}"


def _xml(http_response, model, protocol):
    shape = model.output_shape
    yield from _headers(http_response, shape)
    if model.has_streaming_output or model.http.get("method") == "HEAD":
        return
    text = http_response.content.decode()
    if not text.strip():
        if any(not member.serialization.get("location") for member in (shape.members.values() if shape else ())):
            yield "", "has no body"
        return
    root = ElementTree.fromstring(text)
    if protocol == "query":
        for child in root:
            if _name(child) not in QUERY_ENVELOPE | {f"{model.name}Result"}:
                yield f".{_name(child)}", f"is no part of an answer to {model.name}"
        root = next((child for child in root if _name(child) == f"{model.name}Result"), None)
        if root is None:
            if shape is not None:
                yield "", f"has no {model.name}Result"
            return
    payload = shape.serialization.get("payload") if shape else None
    shape = shape.members[payload] if payload else shape
    if shape is None:
        yield "", "has a body, and no shape for it"
        return
    if model.name == "GetBucketLocation":
        # Its element is the text itself: botocore reads it apart from its shape, too.
        yield from of_text(root.text or "", shape.members["LocationConstraint"], "", "iso8601") if root.text else ()
        return
    yield from of_xml(root, shape, "")


def of_xml(element, shape, path):
    """What of an XML element is not as its shape says."""
    kind = shape.type_name
    if kind == "structure":
        yield from _xml_structure(element, shape, path)
    elif kind == "list":
        name = shape.member.serialization.get("name", "member")
        for child in element:
            if _name(child) != name:
                yield f"{path}.{_name(child)}", f"is in a list of `{name}`"
            yield from of_xml(child, shape.member, path + "[]")
    elif kind == "map":
        yield from _xml_map(element, shape, path)
    elif len(element):
        yield path, f"has elements in it, and is a {kind}"
    else:
        yield from of_text(element.text or "", shape, path, "iso8601")


def _xml_structure(element, shape, path):
    members = {}
    for name, member in shape.members.items():
        if member.serialization.get("location") in ("header", "headers", "statusCode"):
            continue
        flat = member.type_name == "list" and member.serialization.get("flattened")
        wire = member.serialization.get("name", name)
        if flat and "name" not in member.serialization:
            wire = member.member.serialization.get("name", name)
        members[wire] = (name, member, flat)
    seen = set()
    for child in element:
        wire = _name(child)
        if wire not in members:
            yield f"{path}.{wire}", f"is no member of {shape.name}"
            continue
        name, member, flat = members[wire]
        if wire in seen and not flat:
            yield f"{path}.{wire}", "is there twice"
        seen.add(wire)
        yield from of_xml(child, member.member if flat else member, f"{path}.{wire}" + ("[]" if flat else ""))
    for wire, (name, _, _) in members.items():
        if wire not in seen and name in shape.required_members and wire not in element.attrib:
            yield f"{path}.{wire}", f"is required in {shape.name}"


def _xml_map(element, shape, path):
    key_name = shape.key.serialization.get("name", "key")
    value_name = shape.value.serialization.get("name", "value")
    for entry in element:
        parts = {_name(part): part for part in entry}
        if _name(entry) != "entry" or set(parts) != {key_name, value_name}:
            yield path, f"has an entry of {sorted(parts)}, not of {key_name} and {value_name}"
            continue
        yield from of_text(parts[key_name].text or "", shape.key, path + "{}", "iso8601")
        yield from of_xml(parts[value_name], shape.value, path + "{}")


def _name(element):
    return element.tag.rsplit("}", 1)[-1]
