"""A run as Prometheus' text format has it: what DCGM's exporter says of every GPU, and the training's own gauges.

Names, help texts and labels of the GPUs' families are those of dcgm-exporter's default counters; of those, the
ones that the simulation knows.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fakeact_llm_training.sim.cluster import Readings
    from fakeact_llm_training.sim.run import TrainingRun
    from fakeact_llm_training.sim.scenario import Scenario

GIB = 1024**3
_ESCAPES = str.maketrans({"\\": r"\\", '"': '\\"', "\n": r"\n"})


def exposition(run: "TrainingRun", readings: "Readings", xids: Mapping[int, int]) -> str:
    """The run at a moment; *xids* are the last errors of GPUs that had one, by rank."""
    return "".join((*_training(run), *_gpus(run, readings, xids)))


def _training(run: "TrainingRun") -> Iterator[str]:
    scenario, step = run.scenario, run.latest
    assert step
    labels = _labels({"run": scenario.site.run_name, "job": str(scenario.site.job_id), "model": scenario.model.name})
    gauges = {
        "loss": ("Training loss of the last step (in nats).", step.loss),
        "learning_rate": ("Learning rate of the last step.", step.learning_rate),
        "grad_norm": ("Gradient norm of the last step, before clipping.", step.grad_norm),
        "step_time_seconds": ("Duration of the last step.", step.step_time),
        "tokens_per_second": ("Tokens of the last step by its duration, of all GPUs.", step.tokens_per_second),
        "mfu_ratio": ("Model FLOPs utilization of the last step.", step.mfu),
        "memory_allocated_bytes": ("Memory allocated on rank 0.", step.memory_allocated * GIB),
        "memory_reserved_bytes": ("Memory reserved on rank 0.", step.memory_reserved * GIB),
        "step": ("Optimizer steps done; goes back after a restart.", float(step.step)),
        "consumed_tokens": ("Tokens consumed by the weights as they are.", float(step.consumed_tokens)),
        "restarts": ("How often the job has been started again.", float(run.attempt)),
    }
    for name, (about, value) in gauges.items():
        yield _family(f"llm_training_{name}", "gauge", about, [(labels, value)])


def _gpus(run: "TrainingRun", readings: "Readings", xids: Mapping[int, int]) -> Iterator[str]:
    scenario = run.scenario
    there = [rank for rank, present in enumerate(readings.present.tolist()) if present]
    labels = {rank: _gpu_labels(scenario, rank, run.host_of(rank)) for rank in there}
    used = readings.memory_used.tolist()
    families: Sequence[tuple[str, str, Sequence[float]]] = (
        ("SM_CLOCK", "SM clock frequency (in MHz).", readings.sm_clock.tolist()),
        ("MEM_CLOCK", "Memory clock frequency (in MHz).", [float(scenario.gpu.memory_mhz)] * scenario.world_size),
        ("MEMORY_TEMP", "Memory temperature (in C).", _rounded(readings.hbm_temperature.tolist())),
        ("GPU_TEMP", "GPU temperature (in C).", _rounded(readings.temperature.tolist())),
        ("POWER_USAGE", "Power draw (in W).", [round(watts, 3) for watts in readings.power.tolist()]),
        ("GPU_UTIL", "GPU utilization (in %).", readings.utilisation.tolist()),
        ("XID_ERRORS", "Value of the last XID error encountered.",
         [float(xids.get(rank, 0)) for rank in range(scenario.world_size)]),
        ("FB_FREE", "Framebuffer memory free (in MiB).", [scenario.gpu.memory_mib - mib for mib in used]),
        ("FB_USED", "Framebuffer memory used (in MiB).", used),
    )  # fmt: skip
    for name, about, values in families:
        yield _family(f"DCGM_FI_DEV_{name}", "gauge", about, [(labels[rank], values[rank]) for rank in there])


def _rounded(values: list[float]) -> list[float]:
    """Sensors of temperature give whole degrees."""
    return [float(round(value)) for value in values]


def _gpu_labels(scenario: "Scenario", rank: int, host: str) -> str:
    local = rank % scenario.gpus_per_node
    return _labels(
        {
            "gpu": str(local),
            "UUID": _uuid(scenario.site.pid_seed, host, local),
            "pci_bus_id": scenario.site.bus_id(rank),
            "device": f"nvidia{local}",
            "modelName": scenario.gpu.device,
            "Hostname": host,
            "DCGM_FI_DRIVER_VERSION": scenario.site.versions.driver,
        }
    )


@lru_cache(maxsize=4096)
def _uuid(seed: int, host: str, local: int) -> str:
    """A GPU's identifier, which goes with its machine."""
    text = f"{random.Random(f'{seed}/{host}/{local}').getrandbits(128):032x}"
    return f"GPU-{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _labels(pairs: Mapping[str, str]) -> str:
    r"""Labels in braces, with what would end a value escaped.

    >>> _labels({"gpu": "0", "modelName": 'the "big" one'})
    '{gpu="0",modelName="the \\"big\\" one"}'
    """
    return "{" + ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs.items()) + "}"


def _family(name: str, kind: str, about: str, samples: Sequence[tuple[str, float]]) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{labels} {_number(value)}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """A value as Prometheus writes it.

    >>> _number(100.0), _number(2.25), _number(float("nan")), _number(float("inf"))
    ('100', '2.25', 'NaN', '+Inf')
    """
    if not math.isfinite(value):
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    return str(int(value)) if value == int(value) else repr(value)
