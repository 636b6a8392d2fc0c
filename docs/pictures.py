"""Record the pictures of README and docs from the seeds in ``pictures.toml``: ``make pictures``."""

import tomllib
from pathlib import Path
from typing import Any

import fakeact
from fakeact.plugins import discover
from fakeact.recording.svg import svg

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"
PAGE = """\
# Pictures
Recorded by `make pictures` from the seeds in `docs/pictures.toml`; they move, unless your system asks for less motion.
"""
TABLE = DOCS / "pictures.toml"


def pictures() -> dict[str, dict[str, Any]]:
    """Every picture by name, with all that it needs."""
    tables = tomllib.loads(TABLE.read_text())
    default = tables.pop("default")
    found = discover()
    ours = sorted(name for name in found.modules if found.sources[name].distribution == "fakeact")
    bare: dict[str, dict[str, Any]] = {name: {} for name in ours if name not in tables}
    return {name: {"module": name, **default, **table} for name, table in sorted({**bare, **tables}.items())}


def draw(picture: dict[str, Any]) -> str:
    """The content of a picture's file."""
    recording = fakeact.record(
        picture["module"],
        seed=picture["seed"],
        seconds=picture["seconds"],
        count=1,
        speed=picture["speed"],
        size=tuple(picture["size"]),
        prompt=picture["prompt"],
        instant_lines=picture["lines"],
        options=picture["options"],
        title=picture.get("about"),
    )
    if recording.errors:
        raise recording.errors[0]
    return svg(recording, picture["rate"])


def gallery() -> str:
    """The page that shows them all, with the command that plays each."""
    parts = [PAGE]
    for name, picture in pictures().items():
        about = picture.get("about")
        columns, rows = picture["size"]
        what = f"{f'{about}: ' if about else ''}`{command(picture)}` on {columns}x{rows}"
        parts.append(f"## {name}\n{what}\n\n![{name}](pictures/{name}.svg)\n")
    return "\n".join(parts)


def command(picture: dict[str, Any]) -> str:
    """What to type to see a picture's show, all but the size of the terminal."""
    words = [f"fakeact -m {picture['module']} --seed {picture['seed']}"]
    words += [f"-s {picture['speed']:g}"] * (picture["speed"] != 1)
    words += [f"-i {picture['lines']}"] * (picture["lines"] > 0)
    words += [f"-o {key}={value}" for key, value in picture["options"].items()]
    return " ".join(words)


def show_in_readmes() -> None:
    """Put a module's picture below the heading of its plugin's README, where there is none yet."""
    for page in sorted(DOCS.parent.glob("plugins/*/README.md")):
        name, text = page.parent.name, page.read_text(encoding="utf-8")
        picture = f"docs/pictures/{name}.svg"
        if picture not in text and (DOCS.parent / picture).exists():
            heading, _, rest = text.partition("\n")
            page.write_text(f"{heading}\n![{name}, played](../../{picture})\n\n{rest.lstrip()}", encoding="utf-8")


def main() -> None:
    """Bring all pictures up to date."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pictures()
    for path in FOLDER.glob("*.svg"):
        if path.stem not in wanted:
            path.unlink()
    for name, picture in wanted.items():
        content = draw(picture)
        (FOLDER / f"{name}.svg").write_text(content, encoding="utf-8")
        print(f"{name:24} {len(content.encode()) / 1000:5.0f} kB")
    show_in_readmes()
    (DOCS / "pictures.md").write_text(gallery(), encoding="utf-8")


if __name__ == "__main__":
    main()
