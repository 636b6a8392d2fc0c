"""As much of YAML as the package's own playbooks use, with the place of everything that can fail.

Block mappings and lists, flow mappings and lists on one line, quoted and plain scalars. A test holds
this against PyYAML for every file in the package.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_KEY = re.compile(r"([\w./-]+):(?: +(\S.*))?$")
_INTEGER = re.compile(r"-?\d+")
_PART = re.compile(r"""\s*((?:"[^"]*"|'[^']*'|[^,\[\]{}"'])+|[,\[\]{}])""")
_WORDS = {"true": True, "false": False, "null": None, "": None}


class Node(dict[str, Any]):
    """A mapping that knows where it and its values begin: lines and columns count from 1."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__()
        self.place = line, column
        self.places: dict[str, tuple[int, int]] = {}


@dataclass
class _Line:
    number: int
    indent: int
    text: str


def parse(text: str) -> Any:
    r"""The value of a document; mappings are :class:`Node`.

    >>> parse("- name: web\n  ports: [80, 443]\n")
    [{'name': 'web', 'ports': [80, 443]}]
    """
    lines = [
        _Line(number, len(line) - len(line.lstrip()), line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and line != "---" and not line.lstrip().startswith("#")
    ]
    return _block(lines) if lines else None


def _block(lines: list[_Line]) -> Any:
    """Consume the lines of one value from the front."""
    first = lines[0]
    if first.text.startswith("- "):
        return _list(lines, first.indent)
    if not _KEY.match(first.text):
        return scalar(lines.pop(0).text)
    return _mapping(lines, first.indent)


def _list(lines: list[_Line], indent: int) -> list[Any]:
    items = []
    while lines and lines[0].indent == indent and lines[0].text.startswith("- "):
        line = lines[0]
        rest = line.text[1:].lstrip()
        line.indent, line.text = indent + len(line.text) - len(rest), rest
        items.append(_block(lines))
    return items


def _mapping(lines: list[_Line], indent: int) -> Node:
    node = Node(lines[0].number, indent + 1)
    while lines and lines[0].indent == indent and (match := _KEY.match(lines[0].text)):
        line = lines.pop(0)
        key, value = match.groups()
        node.places[key] = line.number, indent + 1 + (match.start(2) if value else 0)
        nested = not value and lines and (lines[0].indent, lines[0].text[:1] != "-") >= (indent, False)
        if nested and lines[0].indent == indent and not lines[0].text.startswith("- "):
            nested = False
        node[key] = _block(lines) if nested else scalar(value or "")
    return node


def scalar(text: str) -> Any:
    """A value on one line.

    >>> scalar("'no'"), scalar("-3"), scalar("{ a: 1, b: x }"), scalar("[x, 2]")
    ('no', -3, {'a': 1, 'b': 'x'}, ['x', 2])
    """
    if text[:1] in ("[", "{"):
        return _flow(_PART.finditer(text))
    if text[:1] == '"':
        return text[1:-1].replace("\\n", "\n").replace('\\"', '"')
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    return int(text) if _INTEGER.fullmatch(text) else _WORDS.get(text, text)


def _flow(parts: Iterator[re.Match[str]]) -> Any:
    opening = next(parts).group(1)
    items: list[Any] = []
    node: dict[str, Any] = {}
    for part in parts:
        token = part.group(1).strip()
        if token in ("]", "}"):
            break
        key, colon, rest = token.partition(":")
        if opening == "{" and colon:
            node[key.strip()] = scalar(rest.strip())
        elif token != ",":
            items.append(scalar(token))
    return node if opening == "{" else items
