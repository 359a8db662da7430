"""The book's preprocessor: which links lead to the repository, and which stay in the book."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path, PurePosixPath

sys.path.insert(0, str(Path(__file__).resolve().parent / "book"))
from repository import pointed

REPOSITORY = "https://github.com/OWNER/NAME/blob/3f9d2c1"


class Links(unittest.TestCase):
    def check(self, text: str, expected: str, folder: str = "docs", repository: str = REPOSITORY) -> None:
        self.assertEqual(pointed(text, PurePosixPath(folder), repository), expected)

    def test_links_that_leave_the_book_lead_to_the_repository(self) -> None:
        self.check("[a](../sam/template.yaml)", f"[a]({REPOSITORY}/sam/template.yaml)")
        self.check("[`a`](../README.md#what-lasts)", f"[`a`]({REPOSITORY}/README.md#what-lasts)")
        self.check("[a](../../justfile), [b](../x.md)", f"[a]({REPOSITORY}/justfile), [b](../x.md)", folder="docs/ja")

    def test_links_within_the_book_and_elsewhere_stay(self) -> None:
        for text in ["[a](cost.md#a-month)", "[a](#here)", "[a](https://aws.amazon.com/)", "![a](../b.png)"]:
            self.check(text, text)

    def test_the_first_page_is_the_index(self) -> None:
        self.check("[a](ja/README.md)", "[a](ja/index.md)")
        self.check("[a](../README.md)", "[a](../index.md)", folder="docs/ja")

    def test_without_an_address_links_to_the_repository_stay(self) -> None:
        self.check("[a](../README.md)", "[a](../README.md)", repository="")


if __name__ == "__main__":
    unittest.main()
