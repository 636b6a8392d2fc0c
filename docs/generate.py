"""Write the generated parts of the documentation: the help text and the list of modules."""

import re
from pathlib import Path

from docs import blocks
from fakeact.arguments import parser
from fakeact.integrations import SNIPPETS
from fakeact.listing import listing
from fakeact.plugins import discover
from fakeact.testing import CHECKS

DOCS = Path(__file__).parent


def generated() -> dict[str, str]:
    """Every generated block by name."""
    found = discover()
    found.modules = {
        name: each for name, each in found.modules.items() if found.sources[name].distribution == "fakeact"
    }
    return {
        "help": parser().format_help(),
        "modules": listing(found),
        "rules": "".join(f"{(check.__doc__ or '').splitlines()[0]}\n" for check in CHECKS),
        "integrations": "\n".join(SNIPPETS.values()),
    }


def filled(text: str) -> str:
    """A page with its generated blocks brought up to date: those of ``generated()``, and those of blocks.py."""
    text = blocks.filled(text)
    for name, content in generated().items():
        block = re.compile(rf"(<!-- {name} -->\n```text\n).*?(```\n<!-- /{name} -->)", re.S)
        text = block.sub(lambda match, content=content: match[1] + content + match[2], text)  # type: ignore[misc]
    return text


def main() -> None:
    """Bring all pages up to date."""
    for page in sorted(DOCS.glob("*.md")):
        page.write_text(filled(page.read_text()))


if __name__ == "__main__":
    main()
