"""Prepares the data: drops rows that make no sense, and splits the rest for training, validation and test.

In: CSV files in ``input/raw``. Out: ``output/train``, ``output/validation``, ``output/test``, and in ``output/report``
what was found, which the state machine checks before it trains.
"""

import hashlib
import json
from collections import Counter

import customers
from contract import processing
from logger import get_logger

log = get_logger("prepare")

# In a hundred. A customer stays in the same part whatever else is in the data, so that models can be compared.
PARTS = {"train": 60, "validation": 20, "test": 20}


def part_of(customer: str) -> str:
    """Which part of the data a customer belongs to."""
    at = int.from_bytes(hashlib.sha256(customer.encode()).digest()[:4], "big") % 100
    for name, size in PARTS.items():
        if at < size:
            return name
        at -= size
    raise AssertionError("the parts do not add up to a hundred")


def main() -> None:
    """Reads, drops, splits and reports."""
    raw = processing("input", "raw")
    parts: dict[str, list[dict]] = {name: [] for name in PARTS}
    dropped: Counter[str] = Counter()
    seen: set[str] = set()
    total = 0
    for place, row in customers.read(raw):
        total += 1
        try:
            customers.features(row)
            customers.label(row)
        except ValueError as problem:
            log.warning("%s: dropped: %s", place, problem)
            dropped["wrong value"] += 1
            continue
        if row[customers.ID] in seen:
            dropped["seen before"] += 1
            continue
        seen.add(row[customers.ID])
        parts[part_of(row[customers.ID])].append(row)

    for name, rows in parts.items():
        customers.write(processing("output", name, "customers.csv"), rows)
    used = sum(len(rows) for rows in parts.values())
    cancelled = sum(customers.label(row) for rows in parts.values() for row in rows)
    report = {
        "rows": total,
        "used": used,
        "dropped": dict(dropped),
        "droppedShare": round(1 - used / total, 4) if total else 0,
        "labelShare": round(cancelled / used, 4) if used else 0,
        "parts": {name: len(rows) for name, rows in parts.items()},
        "sha256": _sha256(raw),
    }
    folder = processing("output", "report")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    log.info("%d of %d rows: %s", used, total, ", ".join(f"{name} {size}" for name, size in report["parts"].items()))


def _sha256(folder) -> str:
    """Of all files, in the order of their names: what this was made of."""
    found = hashlib.sha256()
    for file in sorted(folder.glob("*.csv")):
        found.update(file.read_bytes())
    return found.hexdigest()


if __name__ == "__main__":
    main()
