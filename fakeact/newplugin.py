"""``--new-plugin``: a small complete project, to be changed into one's own show."""

import re
import sys
from pathlib import Path

from fakeact import __version__
from fakeact.entries import entries
from fakeact.errors import UsageError

TEMPLATES = Path(__file__).parent / "templates"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def new_plugin(name: str, parent: Path) -> str:
    """Write a project for a module of that name below *parent*; gives what to do next.

    Nothing that exists is touched: raises UsageError for a bad name or a folder that is there already.
    """
    slug = name.replace("-", "_")
    if not _NAME.fullmatch(slug):
        raise UsageError(f"{name!r} is no name for a module: begin with a letter, go on with a-z, 0-9, _ and -")
    if slug in sys.stdlib_module_names or slug == "fakeact":
        raise UsageError(f"{name!r} is taken by Python or by us: choose another name")
    for entry in entries("fakeact"):
        if entry.name == slug:
            raise UsageError(f"{name!r} is a plugin of {entry.distribution} already: choose another name")
    folder = parent / f"fakeact-{slug.replace('_', '-')}"
    words = {"NAME": slug, "DASHED": slug.replace("_", "-"), "VERSION": __version__}
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise UsageError(f"{folder} is there already: nothing was changed") from None
    except OSError as error:
        raise UsageError(f"{folder} can't be made: {error.strerror}") from None
    for template in sorted(TEMPLATES.rglob("*.txt")):
        _write(template, folder, words)
    return f"{folder} is a plugin. Next:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n  fakeact -m {slug}\n"


def _write(template: Path, folder: Path, words: dict[str, str]) -> None:
    target = folder / _filled(str(template.relative_to(TEMPLATES)).removesuffix(".txt"), words)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_filled(template.read_text(encoding="utf-8"), words), encoding="utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    return text
