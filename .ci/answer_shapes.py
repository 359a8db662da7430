"""Writes what services answer, as far as TestState holds mocked results against it.

From botocore's models of the services whose operations the States Language's catalog lists (aws-sdk.txt), in the names
that Step Functions has for their members: python3 .ci/answer_shapes.py
"""

import pathlib

import botocore
import botocore.session

ROOT = pathlib.Path(__file__).resolve().parent.parent
CATALOG = ROOT / "local/states-language/src/calls/aws-sdk.txt"
SHAPES = ROOT / "local/services/src/states/machines/test_state/answer-shapes.txt"
HEAD = """\
# What operations answer, from botocore {version}; made by .ci/answer_shapes.py.
# `@service`, then its shapes, each known by its place from 0: `{{` a structure's members (`!` is required, the number is the
# member's shape), `[` a list and `<` a map of a shape, `s` a text and `n` a number with bounds, `b` a truth value, `e` one of
# these words, `*` anything; then `#operation` and the shape of its answer, if it has one.
"""


def in_step_functions(member):
    """A member as Step Functions writes it: in the SDK for Java's way, with a capital letter.

    The first word is in lower case there, to its end: `MD5OfBody` is `md5OfBody`, and `ETag` is `eTag`.
    """
    end = 1
    while end < len(member) and member[end].isupper():
        if end + 1 < len(member) and member[end + 1].islower():
            break
        end += 1
    java = member[:end].lower() + member[end:]
    return java[0].upper() + java[1:]


def catalog():
    """The services whose operations are listed: (name, operations)."""
    for line in CATALOG.read_text().splitlines():
        name, _, *operations = line.split(" ")
        if operations and name != "#":
            yield name, operations


class Service:
    """The shapes of one service's answers."""

    def __init__(self, model):
        self.model = model
        self.lines = []
        self.places = {}

    def place(self, shape):
        """The place of a shape, which is written if it was not yet."""
        if shape.type_name not in ("structure", "list", "map"):
            return self.keep(simple(shape), simple(shape))
        if shape.name in self.places:
            return self.places[shape.name]
        place = self.keep(shape.name, "")
        if shape.type_name == "structure" and not getattr(shape, "is_document_type", False):
            members = [
                f"{in_step_functions(name)}{'!' if name in shape.required_members else ''}:{self.place(member)}"
                for name, member in shape.members.items()
            ]
            self.lines[place] = "{" + " ".join(members)
        elif shape.type_name == "list":
            self.lines[place] = f"[{self.place(shape.member)}"
        elif shape.type_name == "map":
            self.lines[place] = f"<{self.place(shape.value)}"
        else:
            self.lines[place] = "*"
        return place

    def keep(self, name, line):
        """The place under this name; a new one has this line."""
        if name not in self.places:
            self.places[name] = len(self.lines)
            self.lines.append(line)
        return self.places[name]


def simple(shape):
    """The line of a shape that has no others in it."""
    words = shape.metadata.get("enum")
    if words:
        return "e" + "|".join(words)
    letter = {"boolean": "b", "string": "s", "character": "s", "timestamp": "s", "blob": "s"}.get(shape.type_name, "n")
    least, most = (shape.metadata.get(bound, "") for bound in ("min", "max"))
    return f"{letter}{least}..{most}" if f"{least}{most}" and letter != "b" else letter


def main():
    session = botocore.session.get_session()
    models = {}
    for name in session.get_available_services():
        model = session.get_service_model(name)
        models[str(model.service_id).lower().replace(" ", "").replace("-", "")] = model
    text = [HEAD.format(version=botocore.__version__)]
    for name, operations in catalog():
        service = Service(models[name])
        known = set(service.model.operation_names)
        answers = []
        for operation in sorted(known.intersection(operations)):
            shape = service.model.operation_model(operation).output_shape
            is_empty = shape is None or not shape.members
            answers.append(f"#{operation}" if is_empty else f"#{operation} {service.place(shape)}")
        text.append("\n".join([f"@{name}", *service.lines, *answers, ""]))
    SHAPES.write_text("".join(text))


if __name__ == "__main__":
    main()
