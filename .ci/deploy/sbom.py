"""What a function is made of, as CycloneDX: every crate that it is made of, with version, licence and checksum.

    python3 .ci/deploy/sbom.py FUNCTION >sbom.json

It asks `cargo metadata`, which reads manifests and runs no code of any crate. Crates of macros are in the list, since they
write code of the function; what only tests or build scripts need is not. Follows https://cyclonedx.org/docs/1.6/json/.
"""

import json
import re
import subprocess
import sys
import tomllib
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = "aarch64-unknown-linux-gnu"


def metadata():
    """The resolved graph of all crates, for the functions' platform."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", TARGET]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def checksums():
    """The SHA-256 of each crate's package, by name and version, as Cargo.lock pins it."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))
    return {(each["name"], each["version"]): each["checksum"] for each in lock["package"] if "checksum" in each}


def crates(graph, function):
    """The ids of the crates that a function is made of, its own first."""
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    members = {each["id"] for each in graph["packages"] if each["id"] in graph["workspace_members"]}
    own = [each["id"] for each in graph["packages"] if each["name"] == function and each["id"] in members]
    if not own:
        raise SystemExit(f"there is no function `{function}` in this workspace")
    found = []
    left = own
    while left:
        crate = left.pop()
        if crate in found:
            continue
        found.append(crate)
        for dependency in nodes[crate]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                left.append(dependency["pkg"])
    return found


def component(package, sums):
    """One crate."""
    name, version = package["name"], package["version"]
    reference = f"pkg:cargo/{name}@{version}"
    made = {"type": "library", "bom-ref": reference, "name": name, "version": version, "purl": reference}
    if package["license"]:
        # Some crates still write `/` for OR.
        made["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
    if (name, version) in sums:
        made["hashes"] = [{"alg": "SHA-256", "content": sums[name, version]}]
    return made


def sbom(function):
    """The document. The same sources give the same document, to the byte."""
    graph, sums = metadata(), checksums()
    packages = {each["id"]: each for each in graph["packages"]}
    ids = crates(graph, function)
    own, *others = [component(packages[crate], sums) for crate in ids]
    others.sort(key=lambda each: each["bom-ref"])
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": own | {"type": "application"}},
        "components": others,
    }
    name = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return document | {"serialNumber": name.urn}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    print(json.dumps(sbom(sys.argv[1]), indent=2))
