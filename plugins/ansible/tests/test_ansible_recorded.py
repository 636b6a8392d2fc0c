"""Lines and colours as ansible-core 2.21.5 printed them in a terminal, for events like these."""

import pytest
from fakeact_ansible.callback import Callback
from fakeact_ansible.sim.events import (
    Event,
    Included,
    Notice,
    PlayStarted,
    Recapped,
    Reported,
    Retried,
    TaskStarted,
)

from fakeact.style import Style, black, bold, cyan, green, magenta, red, yellow

FACT = {"changed": False, "msg": "All assertions passed"}
REFUSED = (
    "Task failed: Failed to connect to the host via ssh: ssh: connect to host 127.0.0.1 port 1: Connection refused"
)
LOST = {"changed": False, "msg": REFUSED, "unreachable": True}


def bright(style: Style) -> Style:
    return lambda text: bold(style(text))


RECORDED: list[tuple[Event, list[tuple[Style, str]]]] = [
    (Reported("web01", "ok"), [(green, "ok: [web01]")]),
    (Reported("web01 -> lb01", "changed"), [(yellow, "changed: [web01 -> lb01]")]),
    (Reported("web01", "changed", item="curl"), [(yellow, "changed: [web01] => (item=curl)")]),
    (Reported("web01", "skipping", item="curl"), [(cyan, "skipping: [web01] => (item=curl) ")]),
    (Reported("web01", "skipping", looped=True), [(cyan, "skipping: [web01]")]),
    (Reported("web01", "changed", looped=True), []),
    (Reported("web01", "ok", verbose=True, result=FACT),
     [(green, "ok: [web01] => {"), (green, '    "changed": false,'),
      (green, '    "msg": "All assertions passed"'), (green, "}")]),
    (Reported("web01", "failed", ignored=True, result={"msg": "no", "changed": False}),
     [(red, 'fatal: [web01]: FAILED! => {"changed": false, "msg": "no"}'), (cyan, "...ignoring")]),
    (Reported("db03", "unreachable", result=LOST, notices=(Notice("error", REFUSED),)),
     [(red, f"[ERROR]: {REFUSED}"),
      (bright(red), f'fatal: [db03]: UNREACHABLE! => {{"changed": false, "msg": "{REFUSED}", "unreachable": true}}')]),
    (Reported("web01", "ok", notices=(Notice("warning", "w"), Notice("deprecation", "d\n\nhelp\n"))),
     [(bright(magenta), "[WARNING]: w"), (magenta, "[DEPRECATION WARNING]: d"), (magenta, ""), (magenta, "help"),
      (magenta, ""), (green, "ok: [web01]")]),
    (Retried("web02", "Wait for it", 2),
     [(bright(black), "FAILED - RETRYING: [web02]: Wait for it (2 retries left).")]),
    (Included("firewall", ("web01", "web02")), [(cyan, "included: firewall for web01, web02")]),
]  # fmt: skip


@pytest.mark.parametrize(("event", "lines"), RECORDED, ids=lambda value: type(value).__name__)
def test_results_look_as_recorded(event: Event, lines: list[tuple[Style, str]]) -> None:
    """A result's lines and their colours are the recorded ones."""
    assert [*Callback(80).lines(event)] == [style(text) for style, text in lines]


def test_banners_look_as_recorded() -> None:
    """A blank line, then text and stars to the last column; at least three stars however narrow it is."""
    callback = Callback(80)
    assert [*callback.lines(PlayStarted("Nothing"))] == ["", "PLAY [Nothing] " + "*" * 65]
    assert [*callback.lines(TaskStarted("web : Reload nginx", handler=True))] == [
        "",
        "RUNNING HANDLER [web : Reload nginx] " + "*" * 43,
    ]
    assert [*callback.lines(TaskStarted("x" * 90))] == ["", f"TASK [{'x' * 90}] ***"]


def test_a_notice_is_shown_once() -> None:
    """The second host with the same error shows its result only."""
    callback, told = Callback(80), (Notice("error", "Task failed"),)
    first = [*callback.lines(Reported("a", "failed", result={"msg": "x"}, notices=told))]
    second = [*callback.lines(Reported("b", "failed", result={"msg": "x"}, notices=told))]
    assert (len(first), len(second)) == (2, 1)


def test_the_recap_looks_as_recorded() -> None:
    """Counts other than 0 and the host in colour, four cells for each number, a blank line at the end."""
    counts = {"ok": 19, "changed": 9, "unreachable": 0, "failed": 0, "skipped": 4, "rescued": 1, "ignored": 1}
    banner, line, end = [*Callback(80).lines(Recapped({"web02.staging.internal": counts}))][1:]
    assert banner == "PLAY RECAP " + "*" * 69
    assert line == (
        f"{yellow('web02.staging.internal')}     : {green('ok=19  ')} {yellow('changed=9   ')} unreachable=0    "
        f"failed=0    {cyan('skipped=4   ')} {green('rescued=1   ')} {bright(magenta)('ignored=1   ')}"
    )
    assert end == ""
