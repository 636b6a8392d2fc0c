"""The pictures of README and docs: there, current, small, and shown."""

import re
from pathlib import Path

import pytest

from docs.pictures import FOLDER, draw, gallery, pictures

ROOT = Path(__file__).parent.parent
PICTURES = pictures()
LARGEST, ALL_TOGETHER = 300_000, 2_500_000
"""Bytes of one picture and of all: they are in every clone for ever."""


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_current(name: str) -> None:
    """Each picture is what its seed gives, byte for byte; 'make pictures' records them anew."""
    assert draw(PICTURES[name]) == (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def test_pictures_are_small_and_none_is_left_over() -> None:
    """There is a file for every table, none without one, and none is large."""
    sizes = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}
    assert sizes.keys() == PICTURES.keys()
    assert max(sizes.values()) < LARGEST
    assert sum(sizes.values()) < ALL_TOGETHER


def test_pictures_are_shown() -> None:
    """The gallery has every picture with its command, README begins with one, each plugin's README has its own."""
    page = (ROOT / "docs" / "pictures.md").read_text(encoding="utf-8")
    assert page == gallery()
    assert set(re.findall(r"\(pictures/(.+?)\.svg\)", page)) == set(PICTURES)
    assert "docs/pictures/llm_training.svg" in (ROOT / "README.md").read_text().partition("\n## ")[0]
    for plugin in (ROOT / "plugins").iterdir():
        if (plugin / "README.md").exists():
            assert f"docs/pictures/{plugin.name}.svg" in (plugin / "README.md").read_text(), plugin.name
