"""The plan's text against the real terraform's, character by character and colour by colour.

``oracle/`` holds a configuration of the built-in terraform_data only, and what terraform 1.11.4 made of
it; where a terraform is installed it is asked again, with a home, a state and a directory of its own.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fakeact_terraform.sim.address import Address, Key
from fakeact_terraform.sim.graph import Operation
from fakeact_terraform.sim.plan import Action, Change, Plan
from fakeact_terraform.sim.values import UNKNOWN, Json, Sensitive, Value, Values, as_json
from fakeact_terraform.sim.walk import Event
from fakeact_terraform.views.approval import PROMPT, QUESTION
from fakeact_terraform.views.closing import outputs, summary
from fakeact_terraform.views.plan import show
from fakeact_terraform.views.progress import Progress
from fakeact_terraform.views.sequence import pairs
from fakeact_terraform.views.wrap import wrap

ORACLE = Path(__file__).parent / "oracle"
PIPE = 78  # the width that terraform assumes where there is no terminal
INSTALLED = shutil.which("terraform")
SGR = re.compile("\x1b\\[([0-9;]*)m")

PROVIDER = 'provider["terraform.io/builtin/terraform"]'
JSON_OLD = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"]}]}
JSON_NEW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"]}]}
EDITED_OLD = {
    "replicas": 2, "ports": [80, 443, 8080], "labels": {"tier": "api", "team": "core", "rack": "9"}, "same": "s",
    "ratio": 0.25, "on": False, "big": 345600, "nested": {"list": [{"p": 1, "q": 2}, {"p": 3, "q": 5}]},
}  # fmt: skip
EDITED_NEW = {
    "replicas": 3, "ports": [80, 443, 8080, 9090], "labels": {"tier": "web", "team": "core", "zone": "c"},
    "same": "s", "ratio": 0.5, "on": True, "big": 1209600, "nested": {"list": [{"p": 1, "q": 2}, {"p": 3, "q": 4}]},
}  # fmt: skip
OUTPUTS_OLD = {"referred": "old-id", "map": {"one": "1", "b-c": "3"}, "gone": "bye", "list": ["a", "b"]}


def data(input: Value = None, trigger: Value = None, id: Value = "", output: Value = None) -> Values:
    """The attributes of a terraform_data resource; without an identifier it is new."""
    values = {"id": id or UNKNOWN, "input": input, "triggers_replace": trigger}
    values["output"] = output if output is not None else input if id or input is None else UNKNOWN
    return {name: as_json(value) for name, value in values.items() if value is not None}


OLD: dict[tuple[str, str, Key], Values] = {
    ("", "kept", None): data("same", id="kept-id"),
    ("", "scaled", 0): data("c0", id="s0"),
    ("", "scaled", 1): data("c1", id="s1"),
    ("", "scaled", 13): data("c13", id="s13"),
    ("", "edited", None): data(EDITED_OLD, id="edited-id"),
    ("", "replaced", None): data("v", "old", id="old-id"),
    ("", "replaced_late", None): data(None, {"a": "old", "b": "same"}, id="late-id"),
    ("", "referring", None): data("old-id", id="referring-id"),
    ("", "gone", None): data({"a": [1, 2], "b": True, "m": "x"}, id="gone-id"),
    ("", "policy", None): data(Json(as_json(JSON_OLD)), id="policy-id"),
    ("part", "inner", "a"): data("o-a", id="ia"),
    ("part", "inner", "c"): data("o-c", id="ic"),
}


def plan() -> Plan:
    """What has to be done, as this package says it."""
    update, delete = Action.UPDATE, Action.DELETE
    changes = [
        change("edited", update, data(EDITED_NEW, id="edited-id", output=UNKNOWN)),
        change("gone", delete, reason="because terraform_data.gone is not in configuration"),
        change("new_policy", Action.CREATE, data(Json(as_json({"a-b": 1, "c:d": ["x", {"e": True}]})))),
        change("policy", update, data(Json(as_json(JSON_NEW)), id="policy-id", output=UNKNOWN)),
        change("referring", update, data(UNKNOWN, id="referring-id", output=UNKNOWN)),
        change("replaced", Action.DELETE_CREATE, data("v", "new")),
        change("replaced_late", Action.CREATE_DELETE, data(None, {"a": "new", "b": "same"})),
        *(change("scaled", Action.CREATE, data(f"c{key}"), key) for key in range(2, 11)),
        change("scaled", delete, key=13, reason="because index [13] is out of range for count"),
        change("secret", Action.CREATE, data(Sensitive("made up"))),
        change("inner", update, data("n-a", id="ia", output=UNKNOWN), "a", "part"),
        change("inner", Action.CREATE, data("n-b"), "b", "part"),
        change("inner", delete, key="c", module="part", reason='because key ["c"] is not in for_each map'),
    ]
    after = {
        "referred": UNKNOWN, "map": {"one": "1", "b-c": "2"}, "number": 3, "list": ["a", UNKNOWN],
        "secret": Sensitive(""),
    }  # fmt: skip
    return Plan(sorted(changes, key=lambda each: each.address.sort_key), OUTPUTS_OLD, after)


def change(
    name: str, action: Action, after: Values | None = None, key: Key = None, module: str = "", reason: str = ""
) -> Change:
    """One change, with what there was before."""
    before = OLD.get((module, name, key), {})
    return Change(Address(module, "terraform_data", name, key), action, before, after or {}, reason=reason)


def state() -> str:
    """A state file of format 4 with everything old."""
    resources: dict[tuple[str, str], list[Any]] = {}
    for (module, name, key), values in OLD.items():
        instance = {"schema_version": 0, "attributes": _attributes(values), "sensitive_attributes": []}
        if key is not None:
            instance["index_key"] = key
        resources.setdefault((module, name), []).append(instance)
    listed = [
        {"mode": "managed", "type": "terraform_data", "name": name, "provider": PROVIDER, "instances": instances}
        | ({"module": f"module.{module}"} if module else {})
        for (module, name), instances in resources.items()
    ]
    outputs = {name: {"value": value, "type": _type(value)} for name, value in OUTPUTS_OLD.items()}
    return json.dumps({"version": 4, "serial": 1, "lineage": "x", "outputs": outputs, "resources": listed})


def _attributes(values: Values) -> dict[str, Any]:
    plain = {name: json.dumps(value.value) if isinstance(value, Json) else value for name, value in values.items()}
    dynamic = {
        name: {"value": plain[name], "type": _type(plain[name])} if name in plain else None
        for name in ("input", "output", "triggers_replace")
    }
    return {"id": plain["id"], **dynamic}


def _type(value: Any) -> Any:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return ["object", {key: _type(child) for key, child in value.items()}]
    return ["tuple", [_type(child) for child in value]] if isinstance(value, list) else "string"


def ours(width: int) -> str:
    return "\n".join(show(plan(), width))


def painted(text: str) -> list[tuple[str, str, bool]]:
    """Each visible character with its colour and whether it is bold."""
    cells, colour, bold = [], "39", False
    for index, part in enumerate(SGR.split(text)):
        if index % 2 == 0:
            cells += [(each, colour, bold) for each in part if not each.isspace()]
            continue
        for code in part.split(";"):
            bold = code == "1" or (bold and code not in ("0", "22"))
            colour = code if code[0] in "39" and len(code) == 2 else "39" if code in ("", "0") else colour
    return cells


def stripped(text: str) -> str:
    return SGR.sub("", text)


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs the real terraform on the recorded configuration and state."""
    if not INSTALLED:
        pytest.skip("terraform is not installed")
    here = tmp_path_factory.mktemp("terraform") / "configuration"
    shutil.copytree(ORACLE, here)
    (here / "terraform.tfstate").write_text(state())
    env = {"HOME": str(here), "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1", "PATH": os.environ["PATH"]}

    def run(*arguments: str, answer: str = "") -> str:
        command = [INSTALLED or "", *arguments]
        done = subprocess.run(
            command, cwd=here, env=env, input=answer, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("init")
    return run


@pytest.fixture(scope="module")
def real(ask: Callable[..., str]) -> str:
    """What the real terraform prints for the same plan into a pipe."""
    text = ask("plan")
    return text[text.index("\n\n") + 1 : text.index("\x1b[90m\n\u2500")]


@pytest.fixture(scope="module")
def applied(ask: Callable[..., str], real: str) -> str:
    """What it prints when the plan is applied after a yes."""
    return ask("apply", answer="yes\n")


def test_the_plan_is_the_recorded_one() -> None:
    """Symbols, order, alignment, nesting, hidden counts, JSON and outputs are as terraform 1.11.4 printed them."""
    assert stripped(ours(PIPE)).strip() == (ORACLE / "plan.txt").read_text().strip()


def test_the_recording_is_what_terraform_says(real: str) -> None:
    """The installed terraform still prints the recorded text."""
    assert stripped(real).strip() == (ORACLE / "plan.txt").read_text().strip()


def test_the_plan_has_terraforms_colours(real: str) -> None:
    """Every visible character has the colour and the weight that the installed terraform gives it."""
    assert painted(ours(PIPE)) == painted(real)


def test_a_wrong_colour_would_be_seen(real: str) -> None:
    """The comparison of colours is not blind: one other colour anywhere fails it."""
    assert painted(ours(PIPE).replace("\x1b[33m", "\x1b[36m", 1)) != painted(real)


FIRST = "Terraform used the selected providers to generate the following execution plan."


@pytest.mark.parametrize(("width", "words"), [(40, 5), (78, 10), (80, 11)])
def test_paragraphs_break_where_terraform_breaks_them(width: int, words: int) -> None:
    """The introduction's first line at three widths is as recorded from terraform in terminals so wide."""
    text = stripped(next(iter(show(plan(), width)))).strip()
    assert text.splitlines()[0] == " ".join(FIRST.split()[:words])
    assert all(len(line) < width for line in text.splitlines())


def test_outputs_are_shown_as_expressions() -> None:
    """After an apply maps have quoted keys without alignment, and what is sensitive is not shown."""
    values = {"map": {"one": "1", "b-c": "2"}, "list": ["a", "b"], "secret": Sensitive("x"), "number": 3}
    assert list(outputs(values)) == [
        'list = [\n  "a",\n  "b",\n]', 'map = {\n  "b-c" = "2"\n  "one" = "1"\n}', "number = 3", "secret = <sensitive>",
    ]  # fmt: skip


def test_a_long_word_stands_alone() -> None:
    """A word longer than the line is not broken, and no line becomes empty."""
    assert wrap("a wwwwwwwwwwww b", 6) == "a\nwwwwwwwwwwww\nb"


RECORDED_PAIRS = [
    ("abc", "acd", "=a b>c c>d"),
    ("abcd", "dcba", "-a -b -c =d +c +b +a"),
    ("abc", "baz", "a>b b>a c>z"),
    ("abc", "cab", "+c =a =b -c"),
    ("abca", "aabq", "=a b>a c>b a>q"),
    ("abc", "acb", "=a -b =c +b"),
    ("ab", "xac", "+x =a -b +c"),
    ("abcd", "pqa", "+p +q =a -b -c -d"),
    ("xab", "abc", "x>a a>b b>c"),
]
"""What terraform 1.11.4 made of lists of letters: kept, removed, added, changed."""


@pytest.mark.parametrize(("before", "after", "said"), RECORDED_PAIRS)
def test_elements_pair_as_terraform_pairs_them(before: str, after: str, said: str) -> None:
    """Lists of letters are compared as the recorded terraform compared them."""
    found = [
        f"={old}" if old == new else f"-{old}" if new is None else f"+{new}" if old is None else f"{old}>{new}"
        for old, new in pairs(list(before), list(after))
    ]
    assert " ".join(found) == said


VERBS = {"Creating": "create", "Modifying": "modify", "Destroying": "destroy", "Refreshing state": "refresh"}
DONE = {"Creation": "create", "Modifications": "modify", "Destruction": "destroy"}
LINE = re.compile(r"^(\S.*?): (?:(\w+(?: state)?)\.\.\.|(\w+) complete after 0s)(?: \[id=(.*)\])?$")


def test_the_applys_lines_are_terraforms(applied: str) -> None:
    """Every line that the real apply prints about a resource is the one we print for it, colours included."""
    now, seen = datetime(2026, 1, 30), set()
    for line in applied.splitlines():
        found = LINE.match(stripped(line))
        if found:
            name, doing, done, identifier = found.groups()
            verb = VERBS[doing] if doing else DONE[done]
            operation = Operation(name, verb, name, 0, identifier or "", identifier or "")
            progress = Progress()
            said = progress.line(Event(0, "started", operation), now)
            said = said if doing else progress.line(Event(0, "done", operation), now)
            assert painted(said) == painted(line)
            seen.add((verb, bool(doing)))
    assert seen == {(verb, at) for verb in DONE.values() for at in (True, False)} | {("refresh", True)}


def test_the_question_and_the_summary_are_terraforms(applied: str) -> None:
    """From the plan's end to the answer, and from the last resource to the end: the same text and colours."""
    known = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", applied)
    asked = known[known.index("\nDo you want") : known.index("Enter a value:") + len("Enter a value:")]
    values = {"referred": "ID", "map": {"one": "1", "b-c": "2"}, "number": 3, "list": ["a", "ID"]}
    ended = "\n".join(summary(*plan().counts, {**values, "secret": Sensitive("")}))
    asking = "\n".join((*QUESTION, PROMPT))
    assert stripped(asking).rstrip() == stripped(asked)
    assert stripped(ended) == stripped(known[known.index("\nApply complete!") :]).rstrip()
    tail = known[known.rindex("(sensitive value)") + len("(sensitive value)") :]
    assert painted(asking) == painted(tail[: tail.index("Enter a value:")] + "Enter a value:")
    assert painted(ended) == painted(known[known.rindex("\n\x1b[0m\x1b[1m\x1b[32m\nApply") :])
