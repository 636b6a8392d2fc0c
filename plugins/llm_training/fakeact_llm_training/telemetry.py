"""A run's own figures for whoever builds dashboards: JSON lines as they come, or a Prometheus snapshot.

Both are read from the simulation that the screen is read from, so they agree with it to the last printed digit.
"""

import json
import math
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fakeact import IO, Output
from fakeact_llm_training.prometheus import exposition

if TYPE_CHECKING:
    from fakeact_llm_training.sim.events import Event
    from fakeact_llm_training.sim.run import TrainingRun

SAMPLE_EVERY = 10.0
"""Seconds between two looks at all GPUs at the least; each is one that the screen takes, too."""
KINDS = {
    "StepDone": "step",
    "ValidationDone": "validation",
    "CheckpointSaved": "checkpoint",
    "EpochDone": "epoch",
    "Fault": "fault",
    "Resumed": "resumed",
    "RunDone": "done",
    "RunInterrupted": "interrupted",
}
"""What is told of a run, and as which event."""


class Telemetry:
    """Writes what happens in a run; does nothing without an output."""

    def __init__(self, io: IO, run: "TrainingRun", output: Output | None) -> None:
        self._run, self._output, self._began = run, output, io.now()
        self._lines = output is not None and output.suffix == ".jsonl"
        self._sampled, self._seen = -math.inf, -math.inf
        self._xids: dict[int, int] = {}
        if output and self._lines:
            self._put(_about(run, self._began))

    def notice(self, event: "Event") -> None:
        """Tell of an event."""
        if not self._output:
            return
        kind = KINDS.get(type(event).__name__)
        if kind == "fault" and (xid := getattr(event, "xid", None)):
            self._xids[event.rank] = xid  # type: ignore[attr-defined]
        if kind and self._lines:
            facts = asdict(event)
            self._put({"event": kind, "time": self._time(facts.pop("at")), **facts})

    def look(self, moment: float) -> None:
        """Look at all GPUs if it is time to; *moment* is that of the screen's last look, which has just been taken."""
        fresh, self._seen = moment != self._seen, moment
        if self._output and fresh and self._run.latest and moment - self._sampled >= SAMPLE_EVERY:
            self._sampled = moment
            self._sample(self._output, moment)

    def end(self) -> None:
        """Take the last look."""
        if self._output and self._run.latest:
            self._sample(self._output, self._run.elapsed)

    def _sample(self, output: Output, at: float) -> None:
        readings = self._run.cluster.readings(at)
        if not self._lines:
            output.replace(exposition(self._run, readings, self._xids))
            return
        moment = {"event": "gpu", "time": self._time(at), "step": self._run.step}
        columns = {
            "utilisation": readings.utilisation,
            "sm_clock_mhz": readings.sm_clock,
            "power_w": readings.power,
            "temperature_c": readings.temperature,
            "memory_temperature_c": readings.hbm_temperature,
            "memory_used_mib": readings.memory_used,
        }
        names, present = list(columns), readings.present.tolist()
        figures = zip(*(values.tolist() for values in columns.values()), strict=True)
        per_node = self._run.scenario.gpus_per_node
        self._put(
            *(
                {**moment, "rank": rank, "host": self._run.host_of(rank), "gpu": rank % per_node}
                | dict(zip(names, values, strict=True))
                for rank, (values, there) in enumerate(zip(figures, present, strict=True))
                if there
            )
        )

    def _time(self, seconds: float) -> str:
        return (self._began + timedelta(seconds=seconds)).isoformat(timespec="microseconds")

    def _put(self, *records: dict[str, Any]) -> None:
        assert self._output
        self._output.write("".join(json.dumps(_finite(record)) + "\n" for record in records))


def _finite(record: dict[str, Any]) -> dict[str, Any]:
    """JSON has no word for what is not a number."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}


def _about(run: "TrainingRun", began: datetime) -> dict[str, Any]:
    """What has to be known about a run to understand its figures."""
    scenario = run.scenario
    return {
        "event": "run",
        "time": began.isoformat(timespec="microseconds"),
        "run": scenario.site.run_name,
        "job": scenario.site.job_id,
        "cluster": scenario.site.cluster,
        "dialect": scenario.dialect,
        "kind": scenario.kind,
        "model": scenario.model.name,
        "gpu": scenario.gpu.device,
        "gpu_memory_mib": scenario.gpu.memory_mib,
        "gpus": scenario.world_size,
        "nodes": scenario.nodes,
        "sequence_length": scenario.sequence_length,
        "global_batch": scenario.global_batch,
        "tokens_per_step": scenario.tokens_per_step,
        "total_steps": scenario.total_steps,
    }
