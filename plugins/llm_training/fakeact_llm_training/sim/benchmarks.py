"""Tasks of lm-evaluation-harness (0.4.13), and what published models reach in them."""

from typing import Literal, NamedTuple

from fakeact_llm_training.sim.mmlu import SUBJECTS

Metric = Literal["acc", "acc_norm", "exact_match"]


class Reached(NamedTuple):
    """A metric behind a filter: shares of right answers that the anchors reach."""

    metric: Metric
    filter: str
    shares: tuple[float, ...]


class Benchmark(NamedTuple):
    """A task: test examples, requests and tokens for each of them, what guessing reaches."""

    name: str
    version: int
    shots: int
    examples: int
    requests: int
    tokens: int
    chance: float
    reached: tuple[Reached, ...]

    @property
    def generates(self) -> bool:
        """Whether the model writes its answer instead of weighing given ones."""
        return self.reached[0].metric == "exact_match"


# Parameters and training tokens of Pythia 160M, 410M, 1.4B and 6.9B, Llama 2 7B and 13B, Llama 3 8B, Llama 2 70B,
# Llama 3.1 70B and 405B: in this order their loss by the law falls.
ANCHORS = (
    (162e6, 0.3e12), (405e6, 0.3e12), (1.41e9, 0.3e12), (6.86e9, 0.3e12), (6.74e9, 2e12),
    (13.0e9, 2e12), (8.03e9, 15e12), (69.0e9, 2e12), (70.6e9, 15e12), (405.9e9, 15.6e12),
)  # fmt: skip

# Zero-shot figures by the harness, as the models' cards and papers and the harness' users give them, rounded and
# smoothed to three digits; those of 405B partly by extrapolation. Below chance is cut off.
BENCHMARKS = (
    Benchmark("arc_challenge", 1, 0, 1172, 4, 35, 0.25, (
        Reached("acc", "none", (0.250, 0.252, 0.268, 0.315, 0.434, 0.484, 0.503, 0.544, 0.605, 0.640)),
        Reached("acc_norm", "none", (0.251, 0.262, 0.290, 0.352, 0.463, 0.491, 0.533, 0.573, 0.643, 0.675)),
    )),
    Benchmark("arc_easy", 1, 0, 2376, 4, 32, 0.25, (
        Reached("acc", "none", (0.435, 0.521, 0.617, 0.673, 0.763, 0.794, 0.801, 0.827, 0.868, 0.885)),
        Reached("acc_norm", "none", (0.398, 0.457, 0.540, 0.608, 0.746, 0.774, 0.778, 0.809, 0.846, 0.865)),
    )),
    Benchmark("boolq", 2, 0, 3270, 2, 140, 0.5, (
        Reached("acc", "none", (0.550, 0.600, 0.628, 0.640, 0.777, 0.806, 0.814, 0.838, 0.853, 0.872)),
    )),
    Benchmark("gsm8k", 3, 5, 1319, 1, 1050, 0.0, (
        Reached("exact_match", "flexible-extract",
                (0.014, 0.017, 0.020, 0.024, 0.141, 0.234, 0.504, 0.543, 0.806, 0.886)),
        Reached("exact_match", "strict-match", (0.008, 0.012, 0.015, 0.019, 0.138, 0.232, 0.501, 0.540, 0.802, 0.882)),
    )),
    Benchmark("hellaswag", 1, 0, 10042, 4, 92, 0.25, (
        Reached("acc", "none", (0.284, 0.337, 0.404, 0.478, 0.571, 0.600, 0.603, 0.648, 0.665, 0.690)),
        Reached("acc_norm", "none", (0.303, 0.406, 0.521, 0.639, 0.760, 0.793, 0.795, 0.838, 0.850, 0.873)),
    )),
    Benchmark("piqa", 1, 0, 1838, 2, 40, 0.5, (
        Reached("acc", "none", (0.623, 0.668, 0.709, 0.752, 0.781, 0.793, 0.797, 0.822, 0.832, 0.845)),
        Reached("acc_norm", "none", (0.619, 0.670, 0.711, 0.762, 0.791, 0.805, 0.808, 0.827, 0.843, 0.856)),
    )),
    Benchmark("winogrande", 1, 0, 1267, 2, 25, 0.5, (
        Reached("acc", "none", (0.513, 0.534, 0.572, 0.610, 0.691, 0.722, 0.733, 0.780, 0.804, 0.835)),
    )),
)  # fmt: skip
MMLU = Benchmark(
    "mmlu", 2, 0, sum(subject.examples for subject in SUBJECTS), 4, 110, 0.25,
    (Reached("acc", "none", (0.252, 0.253, 0.254, 0.258, 0.412, 0.521, 0.621, 0.656, 0.752, 0.820)),),
)  # fmt: skip
