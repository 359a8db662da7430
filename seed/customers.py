#!/usr/bin/env python3
"""Makes the example's data: customers of a service, and which of them cancelled. The same ones each time.

    python3 seed/customers.py > seed/DataBucket/raw/customers.csv

What `seed/BUCKET/` holds is put into the bucket that the template calls BUCKET: by the local run when it makes the bucket,
and on AWS by `sam/seed`.
"""

import csv
import math
import random
import sys

ROWS = 4000


def customer(at: int, chance: random.Random) -> dict:
    """One customer. Short tenure, many calls and late payments, and a high charge make cancelling likely."""
    plan = ("basic", "plus", "pro")[int(chance.random() ** 1.4 * 3)]
    tenure = int(-math.log(1 - chance.random()) * 22) + 1
    charge = round({"basic": 15, "plus": 29, "pro": 55}[plan] * (0.8 + 0.5 * chance.random()), 2)
    calls = int(-math.log(1 - chance.random()) * 1.6)
    late = int(-math.log(1 - chance.random()) * 0.9)
    pull = 0.6 + 0.9 * calls + 1.3 * late - 0.11 * tenure + (1.4 if charge > 33 and plan != "pro" else 0)
    # Those who call a lot and pay late leave whatever else holds; those on `pro` stay while it works.
    pull += 1.5 if calls >= 3 and late >= 1 else 0
    pull -= 2.2 if plan == "pro" and calls < 2 else 0
    cancelled = chance.random() < 1 / (1 + math.exp(-2.2 * pull))
    return {
        "customer_id": f"C{at:05}",
        "tenure_months": tenure,
        "monthly_charge": charge,
        "support_calls": calls,
        "late_payments": late,
        "plan": plan,
        "cancelled": int(cancelled),
    }


def main() -> None:
    """Writes them, with the faults that data has: a few rows without a charge, and one that is there twice."""
    chance = random.Random(20261124)
    rows = [customer(at, chance) for at in range(1, ROWS + 1)]
    for at in range(150, ROWS, 500):
        rows[at]["monthly_charge"] = ""
    rows.append(rows[7])
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


if __name__ == "__main__":
    main()
