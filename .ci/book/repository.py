"""Points what pages link to outside of the book to the repository: a preprocessor of mdBook's.

The pages of docs/ link to files of the repository, such as ../sam/template.yaml, as readers on GitHub need it. In the book
such a link leads to GitHub: to REPOSITORY_URL, such as https://github.com/OWNER/NAME/blob/COMMIT, which the workflow sets.
Without it, these links stay as they are.

https://rust-lang.github.io/mdBook/for_developers/preprocessors.html
"""

import json
import os
import re
import sys
from pathlib import Path, PurePosixPath

# A link of Markdown, or its definition; not a picture, which is a part of the book.
LINK = re.compile(r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
DOCS = "docs"


def normal(path: PurePosixPath) -> str:
    """The path with `..` taken out."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def pointed(content: str, folder: PurePosixPath, repository: str) -> str:
    """A page's text, whose folder is that from the repository's root, with the links that leave the book pointed to it."""

    def point(match: re.Match[str]) -> str:
        text, target = match.groups()
        path, mark, anchor = target.partition("#")
        if not path or "://" in path or path.startswith(("mailto:", "/")):
            return match.group(0)
        file = normal(folder / path)
        if file.split("/", 1)[0] == DOCS:
            # mdBook writes a README as index.html, and does not tell the links of it.
            return f"[{text}]({re.sub(r'README.md$', 'index.md', path)}{mark}{anchor})"
        if not repository:
            return match.group(0)
        return f"[{text}]({repository}/{file}{mark}{anchor})"

    return LINK.sub(point, content)


def main() -> None:
    if sys.argv[1:2] == ["supports"]:
        return
    context, book = json.load(sys.stdin)
    repository = os.environ.get("REPOSITORY_URL", "").rstrip("/")
    # The book's folder from the repository's root: docs, or docs/ja.
    root = Path(__file__).resolve().parents[2]
    source = PurePosixPath(Path(context["root"]).resolve().relative_to(root).as_posix())

    def walk(items: list) -> None:
        for item in items:
            chapter = item.get("Chapter") if isinstance(item, dict) else None
            if chapter is None:
                continue
            if chapter.get("path"):
                folder = source / PurePosixPath(chapter["path"]).parent
                chapter["content"] = pointed(chapter["content"], folder, repository)
            walk(chapter["sub_items"])

    walk(book["items"] if "items" in book else book["sections"])
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
