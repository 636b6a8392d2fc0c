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


class LossScaling(NamedTuple):
    """Dynamic loss scaling in fp16: doubles after `window` steps without overflow, halves with each.

    The first `hysteresis` - 1 overflows after a doubling are forgiven; they skip the step all the same.
    """

    initial: float
    window: int
    hysteresis: int = 2
    minimum: float = 1.0
