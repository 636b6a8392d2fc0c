"""A module's options: declared once, parsed, checked, explained."""

from random import Random
from typing import Annotated, Any, Literal

import pytest

from fakeact import IO, Module
from fakeact.errors import UsageError
from fakeact.options import choose_options, options_of


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
