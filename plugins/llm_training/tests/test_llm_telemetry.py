"""The figures that a run writes to a file on request: the screen's own, in formats that their readers read."""

import json
import re
from datetime import datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from fakeact_llm_training import fakeact_modules
from prometheus_client.parser import text_string_to_metric_families

from fakeact import Output
from fakeact.testing import Performance, Screen, check_module, perform
from fakeact.testing.checks import is_inert
from fakeact.testing.performance import STARTED

(MODULE,) = fakeact_modules()
RUN: dict[str, Any] = {
    "dialect": "pytorch", "scenario": "pretrain", "steps": 80, "epochs": 1, "gpus": 64, "gpu": "h100", "faults": "none",
}  # fmt: skip


def performed(path: Path, **settings: Any) -> Performance:
    played = perform(MODULE, **{"seed": 3, "seconds": 120, "columns": 300, "rows": 40, **RUN, **settings},
                     metrics=Output(str(path)))  # fmt: skip
    assert played.error is None
    return played


def records(path: Path, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line, parse_constant=_no_json) for line in path.read_text().splitlines()]
    return [record for record in found if record["event"] == event]


def _no_json(name: str) -> float:
    raise AssertionError(f"{name} is not JSON")


def test_steps_are_those_on_the_screen(tmp_path: Path) -> None:
    """Every step line on the screen is what its record says, to the last printed digit."""
    played = performed(tmp_path / "run.jsonl")
    steps = {record["step"]: record for record in records(tmp_path / "run.jsonl", "step")}
    shown = 0
    for line in played.lines:
        if found := re.search(r"\[(.{19})\].*step +(\d+)/\d+ \| (loss .*)", line):
            s = steps[int(found[2])]
            assert found[3].startswith(f"loss {s['loss']:.4f} | ppl ")
            assert found[3].endswith(
                f" | lr {s['learning_rate']:.3e} | grad norm {s['grad_norm']:.3f} | {s['step_time'] * 1000:.1f} ms | "
                f"{s['tokens_per_second']:,.0f} tok/s | MFU {s['mfu']:.2%} | mem {s['memory_reserved']:.2f} GiB "
                f"({s['memory_share']:.1%})"
            )
            assert abs((datetime.fromisoformat(s["time"]) - datetime.fromisoformat(found[1])).total_seconds()) < 1.01
            shown += 1
    assert shown >= 8
    assert sorted(steps) == list(range(1, len(steps) + 1))


def test_steps_hang_together(tmp_path: Path) -> None:
    """Tokens a second are the batch by the step's time, and consumed ones add up."""
    performed(tmp_path / "run.jsonl")
    (about,) = records(tmp_path / "run.jsonl", "run")
    for number, step in enumerate(records(tmp_path / "run.jsonl", "step"), 1):
        assert step["tokens_per_second"] * step["step_time"] == pytest.approx(about["tokens_per_step"], rel=1e-9)
        assert step["consumed_tokens"] == number * about["tokens_per_step"]


def test_gpus_are_those_on_the_screen(tmp_path: Path) -> None:
    """Right after each sample the grid's rows are what the sample's records add up to."""
    played = performed(tmp_path / "run.jsonl", columns=60, seconds=70)
    samples = groupby(records(tmp_path / "run.jsonl", "gpu"), lambda record: record["time"])
    compared = 0
    for time, gpus in [(time, list(gpus)) for time, gpus in samples][1:]:
        moment = (datetime.fromisoformat(time) - STARTED).total_seconds()
        screen = Screen(60, 40)
        for frame in played.frames:
            screen.feed(frame.text)
            if frame.at > moment - 1e-3:
                break
        for host, node in groupby(gpus, lambda gpu: gpu["host"]):
            row = next(row for row in screen.rows if row.startswith(host))
            assert row.endswith(_figures(list(node)))
            compared += 1
    assert compared >= 16


def _figures(node: list[dict[str, Any]]) -> str:
    def of(name: str) -> list[float]:
        return [gpu[name] for gpu in node]

    use, heat, memory, power = (of(n) for n in ("utilisation", "temperature_c", "memory_used_mib", "power_w"))
    return (
        f"{sum(use) / len(use):3.0f}% {max(heat):2.0f}°C {sum(memory) / len(memory) / 1024:3.0f}G "
        f"{sum(power) / 1000:4.1f}kW"
    )


def test_a_snapshot_is_read_by_prometheus(tmp_path: Path) -> None:
    """Prometheus' own parser reads it: DCGM's families with a sample for every GPU, and the run's gauges."""
    performed(tmp_path / "run.prom", seconds=60)
    families = {f.name: f for f in text_string_to_metric_families((tmp_path / "run.prom").read_text())}
    dcgm = {name.removeprefix("DCGM_FI_DEV_"): f for name, f in families.items() if name.startswith("DCGM_FI_DEV_")}
    assert set(dcgm) == {
        "SM_CLOCK", "MEM_CLOCK", "MEMORY_TEMP", "GPU_TEMP", "POWER_USAGE", "GPU_UTIL", "XID_ERRORS", "FB_FREE",
        "FB_USED",
    }  # fmt: skip
    for family in dcgm.values():
        labels = [sample.labels for sample in family.samples]
        assert len({(each["Hostname"], each["gpu"]) for each in labels}) == len({e["UUID"] for e in labels}) == 64
        assert set(labels[0]) == {
            "gpu", "UUID", "pci_bus_id", "device", "modelName", "Hostname", "DCGM_FI_DRIVER_VERSION",
        }  # fmt: skip
    assert {a.value + b.value for a, b in zip(dcgm["FB_FREE"].samples, dcgm["FB_USED"].samples, strict=True)} == {81559}
    assert all(25 < sample.value < 95 for sample in dcgm["GPU_TEMP"].samples)
    assert families["llm_training_step"].samples[0].value > 0


def test_both_formats_tell_the_same(tmp_path: Path) -> None:
    """The snapshot's values are the last ones of the lines."""
    for suffix in ("jsonl", "prom"):
        performed(tmp_path / f"run.{suffix}", seconds=60)
    last = records(tmp_path / "run.jsonl", "gpu")[-64:]
    values = {
        family.name: [sample.value for sample in family.samples]
        for family in text_string_to_metric_families((tmp_path / "run.prom").read_text())
    }
    assert values["DCGM_FI_DEV_SM_CLOCK"] == [gpu["sm_clock_mhz"] for gpu in last]
    assert values["DCGM_FI_DEV_FB_USED"] == [gpu["memory_used_mib"] for gpu in last]
    assert values["DCGM_FI_DEV_GPU_TEMP"] == [round(gpu["temperature_c"]) for gpu in last]
    (step,) = (s for s in records(tmp_path / "run.jsonl", "step") if s["step"] == last[0]["step"])
    assert values["llm_training_loss"] == [step["loss"]]
    assert values["llm_training_mfu_ratio"] == [step["mfu"]]


def test_the_show_is_the_same_with_and_without(tmp_path: Path) -> None:
    """Who writes figures sees the show that others see."""
    settings = {"seed": 3, "seconds": 60, "columns": 300, "rows": 40, **RUN}
    assert performed(tmp_path / "run.jsonl", seconds=60).raw == perform(MODULE, **settings).raw


def test_faults_are_told(tmp_path: Path) -> None:
    """In a drama, faults and where training goes on are events, and the step goes back."""
    performed(tmp_path / "run.jsonl", seconds=1800, faults="drama", steps=5000, seed=5)
    faults, resumed = records(tmp_path / "run.jsonl", "fault"), records(tmp_path / "run.jsonl", "resumed")
    assert faults
    assert resumed
    steps = [step["step"] for step in records(tmp_path / "run.jsonl", "step")]
    assert sum(later <= earlier for earlier, later in pairwise(steps)) == len([r for r in resumed if r["lost_steps"]])


@pytest.mark.parametrize("suffix", ["jsonl", "prom"])
def test_a_named_file_is_all_that_is_written(tmp_path: Path, suffix: str) -> None:
    """The module is as inert as ever: the core writes the file that was named, and nothing else is left."""
    perform(MODULE, seconds=60, **RUN)  # what it imports is there from here on
    is_inert(MODULE, metrics=Output(str(tmp_path / f"run.{suffix}")), **RUN)
    assert [path.name for path in tmp_path.iterdir()] == [f"run.{suffix}"]


def test_the_rules_hold_with_a_file(tmp_path: Path) -> None:
    """All rules for modules hold while figures are written, too."""
    check_module(MODULE, metrics=Output(str(tmp_path / "run.jsonl")), **{**RUN, "gpus": 8, "steps": 20})


def test_other_formats_are_refused(tmp_path: Path) -> None:
    """A name with another ending costs a line."""
    assert MODULE.check
    with pytest.raises(ValueError, match=r"ends in \.jsonl or \.prom"):
        MODULE.check(metrics=Output("run.csv"))
