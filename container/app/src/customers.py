"""The data of the example: customers, and which of them cancelled. Another data set begins here.

``COLUMNS`` is what the model sees; ``LABEL`` is what it foretells.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

ID = "customer_id"
LABEL = "cancelled"
PLANS = ("basic", "plus", "pro")
# Name, and the least and greatest value that makes sense.
NUMBERS = {
    "tenure_months": (0, 600),
    "monthly_charge": (0, 10_000),
    "support_calls": (0, 1_000),
    "late_payments": (0, 1_000),
}
COLUMNS = (*NUMBERS, "plan")

Row = dict[str, float | str]


def features(row: dict) -> Row:
    """What the model sees of a row. Refuses by name what it has never been shown."""
    found: Row = {}
    for name, (least, most) in NUMBERS.items():
        text = row.get(name)
        try:
            number = float(text)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise ValueError(f"`{name}` must be a number, not `{text}`") from None
        if not least <= number <= most:
            raise ValueError(f"`{name}` must be from {least} to {most}, not {text}")
        found[name] = number
    plan = row.get("plan")
    if plan not in PLANS:
        raise ValueError(f"`plan` must be one of {', '.join(PLANS)}, not `{plan}`")
    found["plan"] = plan
    return found


def label(row: dict) -> int:
    """Whether the customer of this row cancelled."""
    text = row.get(LABEL)
    if text not in ("0", "1"):
        raise ValueError(f"`{LABEL}` must be 0 or 1, not `{text}`")
    return int(text)


def read(folder: Path) -> Iterator[tuple[str, dict]]:
    """The rows of all CSV files in a folder, each with the place where it stands."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileNotFoundError(f"there is no CSV file in {folder}")
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in (ID, *COLUMNS, LABEL) if name not in (reader.fieldnames or ())]
            if missing:
                raise ValueError(f"{file.name} lacks the columns {', '.join(missing)}")
            for row in reader:
                yield f"{file.name}, line {reader.line_num}", row


def write(file: Path, rows: Iterable[dict]) -> None:
    """Writes rows as a CSV file that `read` takes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, (ID, *COLUMNS, LABEL), extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def examples(folder: Path) -> tuple[list[Row], list[int]]:
    """What the model sees of a folder's rows, and what it is to foretell."""
    rows, labels = [], []
    for _, row in read(folder):
        rows.append(features(row))
        labels.append(label(row))
    return rows, labels
