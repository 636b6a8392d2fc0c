"""Title and inhibition listen through the hooks; an observer that fails is dropped."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from fakeact import IO, Module, ansi, hookimpl
from fakeact.observers import Inhibit, Title, observers_for
from fakeact.plugins import Plugins
from fakeact.settings import Settings
from fakeact.telling import Teller


class Notebook:
    """A stage that keeps what it is sent."""

    def __init__(self, motion: bool = True) -> None:
        self.motion, self.text = motion, ""

    def size(self) -> tuple[int, int]:
        return 80, 24

    def open(self) -> None: ...

    def write(self, text: str) -> None:
        self.text += text

    def close(self) -> None: ...


async def nothing(io: IO, rng: object) -> None:
    """Do nothing."""


MODULE = Module("x", "./x --fast", nothing)


def test_the_title_is_pushed_set_and_popped() -> None:
    """The first module saves the window's title, each sets it, the end brings the old one back."""
    stage = Notebook()
    title = Title(stage)
    title.fakeact_show_started(MODULE)
    title.fakeact_show_started(Module("y", "y\x07\x1b]0;evil\x07", nothing))
    title.close()
    assert stage.text == ansi.PUSH_TITLE + ansi.title("./x --fast") + ansi.title("y") + ansi.POP_TITLE


def test_a_pipe_has_no_title() -> None:
    """Nothing is written where there is no window."""
    stage = Notebook(motion=False)
    title = Title(stage)
    title.fakeact_show_started(MODULE)
    title.close()
    assert stage.text == ""


class FakeWakepy(ModuleType):
    """A wakepy whose modes are counted and can fail."""

    def __init__(self, works: bool) -> None:
        super().__init__("wakepy")
        self.depth, self.entered, self._works = 0, 0, works
        self.keep = SimpleNamespace(presenting=self._presenting)

    def _presenting(self, on_fail: object) -> object:
        self._on_fail = on_fail
        return self

    def __enter__(self) -> None:
        self.entered += 1
        self.depth += 1
        if not self._works:
            self._on_fail(None)  # type: ignore[operator]

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


@pytest.mark.parametrize("works", [True, False])
def test_the_machine_is_kept_awake_once(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    """Many modules, one inhibition, ended at the end; where it can't be had, one line."""
    wakepy, said = FakeWakepy(works), []
    monkeypatch.setitem(sys.modules, "wakepy", wakepy)
    inhibit = Inhibit(said.append)
    inhibit.fakeact_show_started()
    inhibit.fakeact_show_started()
    assert (wakepy.entered, wakepy.depth) == (1, 1)
    inhibit.close()
    assert wakepy.depth == 0
    assert said == ([] if works else ["this machine can't be kept awake"])


def test_without_wakepy_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """--inhibit without its extra is told of, and the show goes on."""
    monkeypatch.setitem(sys.modules, "wakepy", None)
    said: list[object] = []
    chosen = Settings({"title": False, "inhibit": True})
    assert list(observers_for(chosen, Notebook(), said.append)) == []
    assert "fakeact[inhibit]" in str(said[0])


def test_the_real_wakepy_is_asked_rightly() -> None:
    """The library itself accepts what we ask of it, on a machine with or without a desktop."""
    inhibit = Inhibit(lambda _: None)
    inhibit.fakeact_show_started()
    inhibit.close()


def test_an_observer_that_fails_is_dropped() -> None:
    """It costs one line, once; the others still hear."""
    heard, said = [], []

    class Broken:
        @hookimpl
        def fakeact_show_started(self) -> None:
            raise RuntimeError("oh")

    class Sound:
        @hookimpl
        def fakeact_show_started(self, module: Module) -> None:
            heard.append(module.name)

    found = Plugins()
    found.manager.register(Broken(), "broken")
    found.manager.register(Sound(), "sound")
    tell = Teller(found, said.append, debug=False)
    for _ in range(2):
        tell("started", module=MODULE, seed="1/0")
    assert heard == ["x", "x"]
    assert said == ["observer 'broken' is left out: RuntimeError: oh"]
