"""What is tried at the end has the value that is shown, worked out here in another way."""

import math
import random
import re
import statistics
from collections.abc import Callable

import pytest
from fakeact_julia.catalogue import packages
from fakeact_julia.tries import known, tries

Numbers = list[float]

VALUES: dict[str, Callable[[Numbers], str]] = {
    r"mean\(\[(.*)\]\)": lambda x: repr(statistics.fmean(x)),
    r"mode\(\[(.*)\]\)": lambda x: f"{statistics.mode(x):.0f}",
    r"mean\(Binomial\((.*)\)\)": lambda x: repr(binomial_mean(int(x[0]), x[1])),
    r"var\(Gamma\((.*)\)\)": lambda x: repr(x[0] * x[1] ** 2),
    r"ForwardDiff.derivative\(x -> x\^3 - (\d+)x, (\d+)\)": lambda x: f"{slope(lambda t: t**3 - x[0] * t, x[1]):.0f}",
    r"gradient\(x -> (\d+)x\^2 \+ x, (.*)\)": lambda x: f"({slope(lambda t: x[0] * t * t + t, x[1]):.1f},)",
    r"find_zero\(x -> x\^2 - (\d+), .*\)": lambda x: repr(math.sqrt(x[0])),
    r"sum\(SVector\((.*)\) \.\* SVector\((.*)\)\)": lambda x: f"{x[0] * x[2] + x[1] * x[3]:.0f}",
    r'(\d+)u"km" \+ (\d+)u"m"': lambda x: f"{1000 * x[0] + x[1]:.0f} m",
    r"measurement\((.*)\) / 2": lambda x: f"{x[0] / 2} ± {x[1] / 2}",
    r"diameter\(cycle_graph\((.*)\)\)": lambda x: f"{max(min(k, x[0] - k) for k in range(int(x[0]))):.0f}",
    r"complete_graph\((.*)\)": lambda x: f"{{{x[0]:.0f}, {math.comb(int(x[0]), 2)}}} undirected simple Int64 graph",
    r"Polynomial\(\[(.*)\]\)": lambda x: f"Polynomial({x[0]:.0f} + {x[2]:.0f}*x^2)",
    r"gamma\((.*)\)": lambda x: repr(math.gamma(x[0])),
    r"length\(permutations\(1:(.*)\)\)": lambda x: f"{math.perm(int(x[0]))}",
    r"nrow\(DataFrame\(t = (\d+):(\d+):(\d+)\)\)": lambda x: f"{len(range(int(x[0]), int(x[2]) + 1, int(x[1])))}",
    r".*x\[1:(\d+)\] >= 0\); num_variables\(m\)": lambda x: f"{x[0]:.0f}",
}  # fmt: skip


def binomial_mean(n: int, p: float) -> float:
    return sum(k * math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1))


def slope(function: Callable[[float], float], at: float) -> float:
    return (function(at + 1e-4) - function(at - 1e-4)) / 2e-4


def test_there_is_something_to_try() -> None:
    """Whatever is known to be tried is tried with a package that is in the catalogue."""
    assert len(known(packages())) > 12
    typed = [one for name in known(packages()) for seed in range(30) for one, _ in tries(random.Random(seed), name)]
    assert all(any(re.fullmatch(pattern, one) for one in typed) for pattern in VALUES)


@pytest.mark.parametrize("name", known(packages()))
def test_answers_are_true(name: str) -> None:
    """Each expression, read as text and worked out again, has the value that is printed."""
    for seed in range(30):
        for typed, answer in tries(random.Random(seed), name):
            for pattern, value in VALUES.items():
                if found := re.fullmatch(pattern, typed):
                    numbers = [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", " ".join(found.groups()))]
                    assert same(answer[0], value(numbers)), typed


def same(shown: str, worked_out: str) -> bool:
    """Equal, but for what rounding does to a last digit."""
    try:
        return math.isclose(float(shown), float(worked_out), rel_tol=1e-9) and ("." in shown) == ("." in worked_out)
    except ValueError:
        return shown == worked_out


def test_a_table_holds_what_was_typed() -> None:
    """The table of a data frame has its size above it, and one row for each number, right-aligned."""
    for seed in range(20):
        for typed, answer in tries(random.Random(seed), "DataFrames"):
            if typed.startswith("DataFrame("):
                numbers = [int(one) for one in re.findall(r"\d+", typed.partition("x = ")[2])]
                assert answer[0] == f"{len(numbers)}×2 DataFrame"
                assert [int(row.split()[-1]) for row in answer[4:]] == numbers


def test_primes_are_counted() -> None:
    """As a sieve counts them."""
    for seed in range(10):
        for typed, answer in tries(random.Random(seed), "Primes"):
            last = int(re.findall(r"\d+", typed)[0])
            sieve = set(range(2, last + 1))
            for number in range(2, last):
                sieve -= set(range(2 * number, last + 1, number))
            assert answer == [str(len(sieve))]
