"""Asks a service for a prediction and for its version: ask_service.py ADDRESS CSV-FILE END-OF-THE-MODEL-PACKAGE-ARN."""

import json
import sys
import time
import urllib.error
import urllib.request


def ask(request: urllib.request.Request | str) -> dict:
    """Asks until the service is there: it starts with the command."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


address, file, ending = sys.argv[1:]
with open(file, encoding="utf-8") as lines:
    rows = "".join(next(lines) for _ in range(3))
request = urllib.request.Request(address + "/invocations", rows.encode(), {"Content-Type": "text/csv"})
predictions = ask(request)["predictions"]
version = ask(address + "/version")
print(predictions, version["modelPackageArn"], version["metrics"])
if len(predictions) != 2 or not version["modelPackageArn"].endswith(ending):
    raise SystemExit("that is not what was asked for")
