"""Reading a Dockerfile: its stages, its instructions as BuildKit words them, and what its linter minds."""

import re
from dataclasses import dataclass, field

_MADE_OF = re.compile(r"\S+")
_STEPS = ("RUN", "COPY", "ADD", "WORKDIR")
"""What becomes a vertex; ENV, EXPOSE, CMD and the like only change the image's configuration."""


@dataclass(frozen=True)
class Instruction:
    """One instruction; continued lines are joined as BuildKit joins them, indents and all."""

    text: str
    first: int
    last: int

    @property
    def keyword(self) -> str:
        """`RUN`, `COPY` and so on."""
        return self.text.partition(" ")[0].upper()

    @property
    def source(self) -> str:
        """The stage or image that `COPY --from` takes from, or nothing."""
        found = re.search(r"--from=(\S+)", self.text) if self.keyword == "COPY" else None
        return found.group(1) if found else ""

    @property
    def command(self) -> str:
        """What a shell is given to do: a `RUN` without its flags."""
        return re.sub(r"^RUN\s+(--\S+\s+)*", "", self.text)


@dataclass
class Stage:
    """What stands between one `FROM` and the next."""

    base: str
    name: str
    label: str
    """How rows call it; nothing in a Dockerfile of one stage."""
    steps: list[Instruction] = field(default_factory=list)


def instructions(text: str) -> list[Instruction]:
    r"""A Dockerfile's instructions in order.

    >>> [each.text for each in instructions("FROM a\nRUN b && \\\n    c\n")]
    ['FROM a', 'RUN b &&     c']
    """
    found: list[Instruction] = []
    joined, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if not joined and (not line.strip() or line.startswith("#")):
            continue
        first = first if joined else number
        joined += line.removesuffix("\\")
        if not line.endswith("\\"):
            found.append(Instruction(joined, first, number))
            joined = ""
    return found


def stages(text: str) -> list[Stage]:
    """A Dockerfile's stages in order."""
    found: list[Stage] = []
    for each in instructions(text):
        if each.keyword == "FROM":
            _, base, *alias = _MADE_OF.findall(each.text)
            found.append(Stage(base, alias[1] if alias else "", ""))
        elif each.keyword in _STEPS:
            found[-1].steps.append(each)
    for number, stage in enumerate(found):
        stage.label = stage.name or (f"stage-{number}" if len(found) > 1 else "")
    return found


def syntax(text: str) -> str:
    """The frontend image that the first line asks for, or nothing."""
    found = re.match(r"# syntax=(\S+)", text)
    return found.group(1) if found else ""


def lint(text: str) -> list[str]:
    """What BuildKit's build checks say, by line; the rules' names and words are the tool's."""
    found = []
    for each in instructions(text):
        said = ""
        if each.keyword == "FROM" and " as " in each.text:
            said = "FromAsCasing: 'as' and 'FROM' keywords' casing do not match"
        elif each.keyword == "ENV" and "=" not in each.text:
            said = 'LegacyKeyValueFormat: "ENV key=value" should be used instead of'
            said += ' legacy "ENV key value" format'
        elif each.keyword in ("CMD", "ENTRYPOINT") and "[" not in each.text:
            said = (
                f"JSONArgsRecommended: JSON arguments recommended for {each.keyword}"
                " to prevent unintended behavior related to OS signals"
            )
        found += [f"{said} (line {each.first})"] * bool(said)
    return found
