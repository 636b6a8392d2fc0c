"""A module's options: declared once, parsed, checked, explained."""

from random import Random
from typing import Annotated, Any, Literal

import pytest

from fakeact import IO, Module
from fakeact.errors import UsageError
from fakeact.module import problem
from fakeact.options import choose_options, options_of
from fakeact.testing import perform


async def run(
    io: IO,
    rng: Random,
    *,
    gpus: Annotated[int, range(1, 65)] = 8,
    model: Annotated[str | None, lambda: ["llama", "mistral"]] = None,
    rate: float = 0.5,
    fast: bool = False,
    mood: Literal["calm", "wild"] = "calm",
    seats: int | None = None,
    plain=3,  # type: ignore[no-untyped-def]
) -> None:
    """Do something."""


def check(fast: bool = False, mood: str = "calm", **_: Any) -> None:
    if fast and mood == "calm":
        raise ValueError("fast=yes and mood=calm do not go together")


ONE = {"one": Module("one", "./one", run, check=check)}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("gpus=16", 16),
        ("one.gpus=1", 1),
        ("gpus=0x10", None),
        ("gpus=65", None),
        ("model=llama", "llama"),
        ("model=lama", None),
        ("rate=0.25", 0.25),
        ("rate=nan", None),
        ("rate=inf", None),
        ("fast=yes", True),
        ("fast=OFF", False),
        ("fast=maybe", None),
        ("mood=wild", "wild"),
        ("mood=", None),
        ("seats=4", 4),
        ("plain=4", 4),
        ("plain=x", None),
    ],
)
def test_values_have_the_type_declared(setting: str, value: object) -> None:
    """A value is parsed by its parameter's annotation, or refused in one line."""
    settings = [setting, "mood=wild"] if setting.startswith("fast") else [setting]
    if value is None:
        with pytest.raises(UsageError, match="possible is"):
            choose_options(ONE, settings)
    else:
        key = setting.partition("=")[0].removeprefix("one.")
        assert choose_options(ONE, settings)["one"][key] == value


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("gpus", "write KEY=VALUE"),
        ("=3", "write KEY=VALUE"),
        ("gpsu=3", "did you mean gpus?"),
        ("two.gpus=3", "no module 'two'"),
        ("ona.gpus=3", "did you mean one?"),
        ("model=lama", "did you mean llama?"),
        ("gpus=100", "possible is 1 to 64"),
        ("mood=angry", "possible is calm, wild"),
    ],
)
def test_errors_say_what_is_possible(setting: str, words: str) -> None:
    """A wrong option costs one line that names what there is and what was probably meant."""
    with pytest.raises(UsageError) as caught:
        choose_options(ONE, [setting])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bare_key_goes_to_every_module_that_has_it() -> None:
    """Without a module's name an option is for all that know it."""

    async def other(io: IO, rng: Random, *, gpus: int = 1, colour: str = "red") -> None: ...

    modules = {**ONE, "two": Module("two", "./two", other)}
    chosen = choose_options(modules, ["gpus=2", "colour=blue", "two.gpus=3"])
    assert chosen == {"one": {"gpus": 2}, "two": {"gpus": 3, "colour": "blue"}}


def test_options_that_do_not_go_together() -> None:
    """A module's own check becomes a usage error before anything plays."""
    with pytest.raises(UsageError, match=r"one: .*do not go together"):
        choose_options(ONE, ["fast=yes"])


def test_options_keep_their_order_and_defaults() -> None:
    """The listing shows options as they are declared."""
    found = options_of(ONE["one"])
    assert list(found) == ["gpus", "model", "rate", "fast", "mood", "seats", "plain"]
    assert [option.default for option in found.values()] == [8, None, 0.5, False, "calm", None, 3]
    assert found["model"].describe() == "llama, mistral"
    assert found["seats"].describe() == "a whole number"


def test_a_check_gets_what_it_has_parameters_for() -> None:
    """Defaults are filled in for what nobody has set; what the check does not name is left out."""
    got: list[tuple[int, str]] = []

    def note(*, gpus: int, mood: str) -> None:
        got.append((gpus, mood))

    choose_options({"one": Module("one", "./one", run, check=note)}, ["rate=2"])
    assert got == [(8, "calm")]


def test_a_check_that_fails_is_one_line() -> None:
    """An error in a check names the module and the error."""

    def fails(**_: Any) -> None:
        raise KeyError("nosuch")

    with pytest.raises(UsageError, match="one: its check of the options fails: KeyError: 'nosuch'"):
        choose_options({"one": Module("one", "./one", run, check=fails)}, ["rate=2"])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"gpus": 65}, "one.gpus=65: possible is 1 to 64"),
        ({"gpus": True}, "one.gpus=True"),
        ({"gpus": "8"}, "one.gpus='8'"),
        ({"mood": "mad"}, "calm, wild"),
        ({"gpu": 8}, "no option 'gpu'; there is"),
        ({"fast": True}, "do not go together"),
    ],
)
def test_a_performance_is_held_to_the_same_rules(options: dict[str, Any], why: str) -> None:
    """What the command line would refuse raises the same error in a test."""
    with pytest.raises(UsageError) as caught:
        perform(ONE["one"], **options)
    assert why in str(caught.value)


def test_an_option_without_the_star_is_refused() -> None:
    """A parameter before the * would never be an option."""

    async def starless(io: IO, rng: Random, n: int = 3) -> None: ...

    assert problem(Module("x", "./x", starless)) == (
        "module 'x': 'n' is no option yet: write run(io, rng, *, n=...), with the *"
    )
