"""What one tries first with a package, and what Julia answers: small enough to be worked out here."""

import random
from collections.abc import Callable, Iterable

from fakeact.style import bold, bright_black

Try = tuple[str, list[str]]
"""What is typed, and what comes back."""


def tries(rng: random.Random, loaded: str) -> list[Try]:
    """One or two expressions that need a package, with their values; none where nothing is known."""
    known = _KNOWN.get(loaded, ())
    chosen = rng.sample(known, min(len(known), rng.choice((1, 2, 2))))
    return [one(rng) for one in sorted(chosen, key=known.index)]


def known(names: Iterable[str]) -> list[str]:
    """Those of the packages that something is known to try with."""
    return [name for name in names if name in _KNOWN]


def _frame(rng: random.Random) -> Try:
    numbers = [rng.randint(2, 99) for _ in range(rng.randint(3, 5))]
    typed = f"DataFrame(n = 1:{len(numbers)}, x = {numbers})"
    head = [f"{len(numbers)}×2 DataFrame"]
    names = bold(" Row ") + "│" + bold(" n      x     ")
    types = "     │ " + bright_black("Int64  Int64 ")
    rows = [f"{bright_black(f'{i:>4} ')}│ {i:>5}  {x:>5}" for i, x in enumerate(numbers, 1)]
    return typed, [*head, names, types, "─────┼──────────────", *rows]


def _nrow(rng: random.Random) -> Try:
    n = rng.randint(4, 40) * 5
    return f"nrow(DataFrame(t = 0:5:{n}))", [str(n // 5 + 1)]


def _mean(rng: random.Random) -> Try:
    numbers = [rng.randint(1, 30) for _ in range(4)]
    return f"mean({numbers})", [repr(sum(numbers) / 4)]


def _mode(rng: random.Random) -> Try:
    often, *others = rng.sample(range(1, 20), 3)
    return f"mode({[often, others[0], often, others[1], often]})", [str(often)]


def _binomial_mean(rng: random.Random) -> Try:
    n, p = rng.randint(4, 40) * 4, rng.choice((0.25, 0.5, 0.75))
    return f"mean(Binomial({n}, {p}))", [repr(n * p)]


def _gamma_var(rng: random.Random) -> Try:
    shape, scale = rng.randint(2, 9), rng.randint(2, 5)
    return f"var(Gamma({shape}, {scale}))", [repr(float(shape * scale * scale))]


def _derivative(rng: random.Random) -> Try:
    a, at = rng.randint(2, 9), rng.randint(2, 9)
    return f"ForwardDiff.derivative(x -> x^3 - {a}x, {at})", [str(3 * at * at - a)]


def _gradient(rng: random.Random) -> Try:
    a, at = rng.randint(2, 9), rng.randint(2, 9)
    return f"gradient(x -> {a}x^2 + x, {at}.0)", [f"({2 * a * at + 1:.1f},)"]


def _root(rng: random.Random) -> Try:
    root = rng.choice((2, 4, 8))
    return f"find_zero(x -> x^2 - {root * root}, (0, {root * 2}))", [f"{root:.1f}"]


def _static(rng: random.Random) -> Try:
    x = [rng.randint(1, 9) for _ in range(3)]
    head = "3-element SVector{3, Int64} with indices SOneTo(3):"
    return f"SVector({x[0]}, {x[1]}, {x[2]}) .^ 2", [head, *(f"{one * one:>{1 + _widest(x)}}" for one in x)]


def _widest(numbers: list[int]) -> int:
    return max(len(str(one * one)) for one in numbers)


def _dot(rng: random.Random) -> Try:
    a, b, c, d = (rng.randint(1, 9) for _ in range(4))
    return f"sum(SVector({a}, {b}) .* SVector({c}, {d}))", [str(a * c + b * d)]


def _metres(rng: random.Random) -> Try:
    km, m = rng.randint(1, 9), rng.randint(1, 9) * 100
    return f'{km}u"km" + {m}u"m"', [f"{km * 1000 + m} m"]


def _uncertain(rng: random.Random) -> Try:
    value = rng.randint(2, 20) * 2
    return f"measurement({value}, 0.2) / 2", [f"{value / 2:.1f} ± 0.1"]


def _cycle(rng: random.Random) -> Try:
    n = rng.randint(3, 30) * 2
    return f"diameter(cycle_graph({n}))", [str(n // 2)]


def _complete(rng: random.Random) -> Try:
    n = rng.randint(5, 40)
    return f"complete_graph({n})", [f"{{{n}, {n * (n - 1) // 2}}} undirected simple Int64 graph"]


def _polynomial(rng: random.Random) -> Try:
    a, b = rng.randint(1, 9), rng.randint(2, 9)
    return f"Polynomial([{a}, 0, {b}])", [f"Polynomial({a} + {b}*x^2)"]


def _gamma(rng: random.Random) -> Try:
    n = rng.randint(4, 9)
    value = 1
    for factor in range(1, n):
        value *= factor
    return f"gamma({n})", [repr(float(value))]


def _permutations(rng: random.Random) -> Try:
    n, value = rng.randint(4, 7), 1
    for factor in range(1, n + 1):
        value *= factor
    return f"length(permutations(1:{n}))", [str(value)]


def _prime(rng: random.Random) -> Try:
    n = rng.randint(20, 120)
    below = [k for k in range(2, n + 1) if all(k % d for d in range(2, k))]
    return f"length(primes({n}))", [str(len(below))]


def _picture(rng: random.Random) -> Try:
    name = rng.choice(("sine.png", "wave.png", "test.png", "out.png"))
    return f'isfile(savefig(plot(sin, 0, 2π), "{name}"))', ["true"]


def _colour(rng: random.Random) -> Try:
    r, g, b = (rng.randrange(256) for _ in range(3))
    return f'hex(colorant"#{r:02x}{g:02x}{b:02x}")', [f'"{r:02X}{g:02X}{b:02X}"']


def _model(rng: random.Random) -> Try:
    n = rng.randint(3, 30)
    return f"m = Model(); @variable(m, x[1:{n}] >= 0); num_variables(m)", [str(n)]


_KNOWN: dict[str, tuple[Callable[[random.Random], Try], ...]] = {
    "DataFrames": (_frame, _nrow),
    "StatsBase": (_mean, _mode),
    "Distributions": (_binomial_mean, _gamma_var),
    "ForwardDiff": (_derivative,),
    "Zygote": (_gradient,),
    "Roots": (_root,),
    "StaticArrays": (_static, _dot),
    "Unitful": (_metres,),
    "Measurements": (_uncertain,),
    "Graphs": (_cycle, _complete),
    "Polynomials": (_polynomial,),
    "SpecialFunctions": (_gamma,),
    "Combinatorics": (_permutations,),
    "Primes": (_prime,),
    "Plots": (_picture,),
    "Colors": (_colour,),
    "JuMP": (_model,),
}
