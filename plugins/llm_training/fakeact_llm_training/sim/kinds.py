"""The words a run is asked for with, and the settings that follow from them."""

from typing import Literal, NamedTuple, get_args

Kind = Literal["pretrain", "finetune", "resume"]
DialectName = Literal["pytorch", "megatron", "torchtitan", "hf", "deepspeed", "nemo"]
FaultRate = Literal["none", "some", "drama"]
ToneWish = Literal["serious", "silly", "mixed"]

KINDS: tuple[Kind, ...] = get_args(Kind)
DIALECTS: tuple[DialectName, ...] = get_args(DialectName)
FAULTS: tuple[FaultRate, ...] = get_args(FaultRate)
TONES: tuple[ToneWish, ...] = get_args(ToneWish)

FaultKind = Literal[
    "ecc_hbm",
    "ecc_sram",
    "off_bus",
    "nvlink",
    "gsp",
    "network",
    "watchdog",
    "node",
    "preemption",
    "oom",
    "software",
]
Failure = Literal["ecc", "launch", "nccl", "watchdog", "sigkill", "sigterm", "stale_file", "loader_worker"]

# The machine is drained after these and a spare one takes its place.
DRAINED: frozenset[FaultKind] = frozenset(("ecc_hbm", "off_bus", "nvlink", "gsp", "network", "node"))


class LossScaling(NamedTuple):
    """Dynamic loss scaling in fp16: doubles after `window` steps without overflow, halves with each.

    The first `hysteresis` - 1 overflows after a doubling are forgiven; they skip the step all the same.
    """

    initial: float
    window: int
    hysteresis: int = 2
    minimum: float = 1.0
