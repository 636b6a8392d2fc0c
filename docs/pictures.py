"""Record the pictures of README and docs from the seeds in ``pictures.toml``: ``make pictures``."""

import tomllib
from pathlib import Path
from typing import Any

import fakeact
from fakeact.plugins import discover
from fakeact.recording.svg import svg

DOCS = Path(__file__).parent
FOLDER = DOCS / "pictures"
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


if __name__ == "__main__":
    main()
