"""torchtitan's dialect: the form of its lines, a reader with a calculator, every size and moment."""

import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from fakeact_llm_training.catalogue import models
from fakeact_llm_training.dialects.torchtitan import Speaker, reserved, stack
from fakeact_llm_training.dialects.torchtitan.metrics import Meter, flops_per_token, memory, step_line, validation_line
from fakeact_llm_training.dialects.torchtitan.registry import config, flavor, optimized_tensors
from fakeact_llm_training.init import init
from fakeact_llm_training.loop import loop
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.environment import Environment
from fakeact_llm_training.sim.startup import draw_startup
from fakeact_llm_training.tools import c10d, torchrun

from fakeact import IO, Module, ansi
from fakeact.testing import Performance, perform

from . import checker_torchtitan as checker
from .runs import caught, first

SOUND: dict[str, Any] = {"scenario": "pretrain", "steps": 60, "epochs": 2, "gpus": 16, "model": "llama-3.1-8b"}
SHORT = {"steps": 25, "epochs": 2, "gpus": 8}
WHEN = datetime(2026, 11, 3, 9, 5, 6, 123456)
VENV = Environment(
    "/opt/venv/bin", "/opt/venv/bin/python3", "/opt/venv/lib/python3.11/site-packages", "/usr/lib/python3.11"
)
LAUNCHER = torchrun.Launcher(2514, "2.9.1+cu128", "3.11.11", VENV)


def module(**wishes: object) -> Module:
    """A show that speaks this dialect, whatever it is asked for."""

    async def play(io: IO, rng: random.Random) -> None:
        scenario = draw(rng, dialect="torchtitan", **wishes)  # type: ignore[arg-type]
        speaker = Speaker(io, draw_startup(scenario, rng))
        run = await init(io, speaker, rng)
        await speaker.end(await loop(io, run, speaker))

    return Module("torchtitan", "./run_train.sh", play)


def show(seed: int, seconds: float = 7200, **wishes: object) -> Performance:
    """A whole run on a terminal."""
    return perform(module(**wishes), seed=seed, seconds=seconds)


@cache
def log(seed: int, *, faults: str = "none", **wishes: object) -> tuple[str, ...]:
    """A whole run's printed lines, as in a pipe."""
    played = perform(module(faults=faults, **wishes), seed=seed, seconds=7200, motion=False, color=False)
    assert (played.error, played.ended) == (None, "finished")
    return tuple(played.raw.splitlines())


def test_a_step_has_torchtitans_widths_and_colours() -> None:
    """Widths, double blanks and colours are those of MetricsProcessor.log, apart from codes that change nothing."""
    line = step_line(5, 12.24174, 0.41421, memory(41.6, 0.5254), (6785.2, 57_914_000_000, 989e12))
    assert ansi.strip(line) == (
        "step:  5  loss: 12.24174  grad_norm:  0.4142  memory: 41.60GiB(52.54%)  tps: 6,785  tflops: 392.96  "
        "mfu: 39.73%"
    )
    assert line.startswith(ansi.sgr(31) + "step")
    assert ansi.sgr(38, 2, 180, 60, 0) + "grad_norm" in line
    assert ansi.sgr(38, 2, 54, 234, 195) + "memory" in line


def test_a_validation_has_torchtitans_widths() -> None:
    """The widths of MetricsProcessor.log_validation."""
    line = ansi.strip(validation_line(500, 2.98121, memory(61.2, 0.7729), 21034.4))
    assert line == "validate step: 500  loss:  2.9812  memory: 61.20GiB(77.29%)  tps: 21,034"


def test_flops_are_those_of_a_public_log() -> None:
    """Llama 3 8B at 8,192: 6,785 tokens/s are 39.73 % of 989 TFLOP/s."""
    (model,) = (model for model in models() if model.slug == "llama-3.1-8b")
    assert round(flops_per_token(model, 8192) * 6785.0 / 989e12, 4) == 0.3973


def test_models_have_the_registrys_names() -> None:
    """Flavors and functions of torchtitan 0.3's registries; a layer of Qwen 3 has two norms more."""
    by_slug = {model.slug: model for model in models()}
    assert flavor(by_slug["llama-3.1-8b"]) == ("llama3", "8B")
    assert flavor(by_slug["qwen2.5-7b"]) == ("qwen2_5", "7B")
    assert config(by_slug["llama-3.1-405b"]) == "llama3_405b"
    assert [optimized_tensors(by_slug[slug]) for slug in ("llama-3.1-8b", "qwen3-14b")] == [227, 363]


def test_the_meter_counts_from_line_to_line() -> None:
    """Tokens of all steps since the last line, over the time since then and all devices."""
    scenario = draw(random.Random(1), dialect="torchtitan", gpus=8)
    meter = Meter(scenario)
    meter.reset(100.0)
    meter.count(8000)
    meter.count(8000)
    assert meter.tokens_per_second(104.0) == 500.0


def test_torchruns_report_is_the_measured_one() -> None:
    """The report of a killed worker, as torchrun 2.9.1 printed it."""
    failure = torchrun.Failure(datetime(2026, 11, 23, 18, 32, 38), "localhost", 3, 3, 2549, -9)
    lines = list(torchrun.child_failed(LAUNCHER, "t.py", [failure]))
    assert lines[-16:] == [
        "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ",
        "=" * 53,
        "t.py FAILED",
        "-" * 53,
        "Failures:",
        "  <NO_OTHER_FAILURES>",
        "-" * 53,
        "Root Cause (first observed failure):",
        "[0]:",
        "  time      : 2026-11-23_18:32:38",
        "  host      : localhost",
        "  rank      : 3 (local_rank: 3)",
        "  exitcode  : -9 (pid: 2549)",
        "  error_file: <N/A>",
        "  traceback : Signal 9 (SIGKILL) received by PID 2549",
        "=" * 53,
    ]
    assert lines[1:4] == [
        '  File "/opt/venv/bin/torchrun", line 8, in <module>',
        "    sys.exit(main())",
        "             ^^^^^^",
    ]


def test_a_recorded_exception_stands_in_the_report() -> None:
    """The traceback is indented by two more blanks, its end is an empty line; rules stop at 60."""
    recorded = ("Traceback (most recent call last):", '  File "t.py", line 11, in main', "RuntimeError: no", "")
    failure = torchrun.Failure(WHEN, "localhost", 2, 2, 2269, 1, "/tmp/torchelastic_ajsn8e46/error.json", recorded)
    lines = list(torchrun.child_failed(LAUNCHER, "t.py", [failure, failure._replace(rank=3, pid=2270)]))
    assert lines[-5:] == [
        "  traceback : Traceback (most recent call last):",
        '    File "t.py", line 11, in main',
        "  RuntimeError: no",
        "  ",
        "=" * 51,
    ]
    assert "[1]:" in lines[lines.index("Failures:") + 1]
    assert torchrun.error_file(WHEN, LAUNCHER, "x.json") == (
        "E1103 09:05:06.123000 2514 torch/distributed/elastic/multiprocessing/errors/error_handler.py:141] "
        "no error file defined for parent, to copy child error file (x.json)"
    )


def test_torchruns_warnings_are_the_measured_ones() -> None:
    """Line numbers, blanks and words of torch 2.9.1's launcher."""
    assert torchrun.omp_banner(WHEN, LAUNCHER)[0] == "W1103 09:05:06.123000 2514 torch/distributed/run.py:803] "
    assert torchrun.closing(WHEN, LAUNCHER, 2546) == (
        "W1103 09:05:06.123000 2514 torch/distributed/elastic/multiprocessing/api.py:908] "
        "Sending process 2546 closing signal SIGTERM"
    )
    assert torchrun.failed(WHEN, LAUNCHER, -9, 3, 2549) == (
        "E1103 09:05:06.123000 2514 torch/distributed/elastic/multiprocessing/api.py:882] "
        "failed (exitcode: -9) local_rank: 3 (pid: 2549) of binary: /opt/venv/bin/python3"
    )


def test_a_signal_is_named_as_its_python_shows_enums() -> None:
    """A number from 3.11 on, the member's name before."""
    assert "Received 2 death signal" in torchrun.death_signal(WHEN, LAUNCHER, 2)
    assert "Received Signals.SIGINT death signal" in torchrun.death_signal(WHEN, LAUNCHER._replace(python="3.10.12"), 2)
    assert list(torchrun.killed(LAUNCHER, 15))[-1].endswith("SignalException: Process 2514 got signal: 15")


HANG = c10d.Hang(1, 4711, 78, "BROADCAST", 80, 80, 600000, 600096, 79, 77, 0, 0, "default_pg", 1)


def test_the_watchdog_speaks_as_in_public_logs() -> None:
    """Words, counters and line numbers of torch 2.9, two blanks before the failure."""
    lines = list(c10d.timed_out(WHEN, LAUNCHER, HANG, signals=True))
    assert re.fullmatch(
        r"\[rank1\]:\[E1103 09:05:06\.123456\d{3} ProcessGroupNCCL\.cpp:683\] \[Rank 1\] Watchdog caught collective "
        r"operation timeout: WorkNCCL\(SeqNum=78, OpType=BROADCAST, NumelIn=80, NumelOut=80, Timeout\(ms\)=600000\) "
        r"ran for 600096 milliseconds before timing out\.",
        lines[0],
    )
    assert lines[1].endswith(
        ":2241] [PG ID 0 PG GUID 0(default_pg) Rank 1]  failure detected by watchdog at work sequence id: 78 PG "
        "status: last enqueued work: 79, last completed work: 77"
    )
    assert [line.split(".cpp:")[1].split("]")[0] for line in lines] == ["683", "2241", "730", "2573"]


def test_the_flight_recorder_speaks_as_in_public_logs() -> None:
    """Torch 2.12 has the stack of the collective, an empty line behind it, and dumps what it has."""
    launcher = LAUNCHER._replace(torch="2.12.0+cu130")
    lines = list(c10d.timed_out(WHEN, launcher, HANG, stack.reduced(), signals=True))
    assert lines[2].endswith(" ProcessGroupNCCL.cpp:801] Stack trace of the failed collective: ")
    assert lines[3] == f"#0 reduce_scatter_tensor from {launcher.packages}/torch/distributed/distributed_c10d.py:4835"
    assert lines[-2] == ""
    assert lines[-1].endswith(
        ".cpp:2732] [PG ID 0 PG GUID 0(default_pg) Rank 1] First PG on this rank to signal dumping."
    )
    observed, received, preparing = c10d.dumped(WHEN, launcher.torch, c10d.Dump(0, 4711, 1, 5, 5))
    assert observed.endswith("Rank 0] Observed flight recorder dump signal from another rank via TCPStore.")
    assert "Received a dump signal due to a collective timeout from  rank 1 and we will try our best" in received
    assert "Last enqueued NCCL work: 5, last completed NCCL work: 5.This is most likely caused" in received
    assert preparing.endswith("Include stack trace: 1, only active collectives: 0")


def test_what_a_watchdog_throws_is_said_twice_and_wrapped_once() -> None:
    """It is repeated at the very end; behind it stands the one that holds it, raised six lines after it is logged."""
    lines = list(c10d.aborted(WHEN, LAUNCHER._replace(torch="2.12.0+cu130"), HANG))
    raised = [line for line in lines if line.startswith("Exception raised from")]
    assert [line.split(" from ")[1].split(" at ")[0] for line in raised] == ["checkTimeout", "checkTimeout", "run"]
    assert [line.split(".cpp:")[1].split(" ")[0] for line in raised] == ["760", "760", "2203"]
    assert raised[0] == raised[1]


def test_a_report_lists_whom_the_launcher_has_ended() -> None:
    """As torch 2.12 formats it: a signal's name behind two blanks, a blank where there is none."""
    first = torchrun.Failure(WHEN, "localhost", 2, 2, 2269, 1)
    ended = torchrun.Failure(WHEN, "localhost", 0, 0, 2267, -15)
    lines = list(torchrun.child_failed(LAUNCHER._replace(torch="2.12.0+cu130"), "t.py", [first, ended]))
    assert "  exitcode  : -15 (pid: 2267)  (SIGTERM)" in lines
    assert "  exitcode  : 1 (pid: 2269) " in lines


def test_line_numbers_are_those_of_the_release() -> None:
    """Releases are compared as numbers: 2.12 is not older than 2.8."""
    assert [torchrun.is_older(torch, "2.8") for torch in ("2.7.1+cu128", "2.8.0", "2.12.0+cu130")] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_reader_with_a_calculator_finds_nothing(seed: int) -> None:
    """Sound runs of several kinds have no slip."""
    kind = ("pretrain", "resume", "finetune")[seed % 3]
    wishes = {"steps": 120, "epochs": None} if kind == "resume" else {"steps": 60, "epochs": 2}
    assert checker.faults(list(log(seed, scenario=kind, gpus=16, **wishes))) == []


def drama(words: str) -> list[str]:
    """The first run with faults in whose log these words stand."""
    logs = (log(seed, faults="drama", scenario="resume", gpus=16) for seed in range(20, 40))
    return next(list(lines) for lines in logs if any(words in line for line in lines))


@pytest.mark.parametrize(
    "words", ["Watchdog caught", "DUE TO JOB REQUEUE", "[rank0]:[rank0]: ", "DUE TO TIME LIMIT", "FAILED", "Observed"]
)
def test_the_reader_finds_nothing_after_restarts(words: str) -> None:
    """Counters, checkpoints, processes and time-outs agree over faults and restarts."""
    assert checker.faults(drama(words)) == []


def test_a_restart_goes_on_from_its_checkpoint() -> None:
    """New processes load the newest complete checkpoint and begin with the step behind it."""
    lines = drama("Watchdog caught")
    starts = [int(line.rsplit(" ", 1)[1]) for line in lines if "Training starts at step" in line]
    loaded = [int(m[1]) for line in lines if (m := re.search(r"Loading the checkpoint from \S*/step-(\d+)\.", line))]
    assert len(starts) > 1
    assert starts == [step + 1 for step in loaded]


def edit(pattern: str, text: str, which: int = 0) -> Callable[[list[str]], list[str]]:
    """Replace in the n-th line that a pattern is found in."""

    def apply(lines: list[str]) -> list[str]:
        at = [index for index, line in enumerate(lines) if re.search(pattern, line)][which]
        return [*lines[:at], re.sub(pattern, text, lines[at], count=1), *lines[at + 1 :]]

    return apply


def without(pattern: str) -> Callable[[list[str]], list[str]]:
    """Drop the first line that a pattern is found in."""

    def apply(lines: list[str]) -> list[str]:
        at = next(index for index, line in enumerate(lines) if re.search(pattern, line))
        return lines[:at] + lines[at + 1 :]

    return apply


def twice(pattern: str) -> Callable[[list[str]], list[str]]:
    """Say the first line that a pattern is found in once more."""

    def apply(lines: list[str]) -> list[str]:
        at = next(index for index, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[: at + 1], *lines[at:]]

    return apply


SLIPS = {
    "clock_goes_forward": edit(r"\d\d:\d\d:\d\d,\d{3} (?=- root - INFO - step: 20)", "00:00:01,000 "),
    "metrics_have_their_form": edit("grad_norm: +", "grad_norm: ", 1),
    "steps_follow": without("step: 20 "),
    "resumes_from_a_checkpoint": edit(r"starts at step \d+", "starts at step 2"),
    "layout_multiplies_up": edit(r"local batch size \d+", "local batch size 7"),
    "model_has_its_parameters": edit(r"\): \d+ params", "): 17 params"),
    "validations_are_due": edit("(?<=- INFO - )validate step: ..", "validate step: 13", 1),
    "speed_follows": edit(r"mfu: \d", "mfu: 6", 3),
    "speed_is_what_was_waited": edit(r"tps: ([\d,]+)\d\d,\d\d\d|tps: \d+,", "tps: 9,", 3),
    "memory_is_constant": edit(r"memory: [ \d.]+GiB", "memory:  1.23GiB", 4),
    "transfers_take_their_time": edit(r"checkpoint completed in \d", "checkpoint completed in 7"),
    "garbage_is_collected": without("periodic GC"),
    "conversion_follows": edit(r"model_flavor \S+", "model_flavor 7X"),
    "versions_agree": edit(r"NCCL version \d", "NCCL version 3"),
    "loss_learns": edit(r"step:  1  loss: ..\.", "step:  1  loss:  4."),
}


@pytest.mark.parametrize("rule", SLIPS)
def test_each_rule_catches_its_slip(rule: str) -> None:
    """A planted error is found by the rule that looks for it."""
    assert caught(log, rule, SLIPS[rule], checker.faults, **SOUND)


def test_a_collection_that_took_no_time_is_found() -> None:
    """A collection in the same millisecond as the line before it is a slip."""
    sound = first(log, r"\[GC\] Performing periodic", scenario="pretrain", steps=60, epochs=2, gpus=16)
    at = next(i for i, line in enumerate(sound) if "[GC] Performing periodic" in line)
    stamp = re.search(r"\d\d:\d\d:\d\d,\d{3}", sound[at - 1])
    assert stamp
    sound[at] = re.sub(r"\d\d:\d\d:\d\d,\d{3}", stamp[0], sound[at])
    assert any(fault.startswith("garbage_is_collected") for fault in checker.faults(sound))


def test_a_collection_as_late_as_its_step_is_found() -> None:
    """A collection that Python would have begun when most of its step was over is a slip."""
    sound = first(log, r"\[GC\] Performing periodic", scenario="pretrain", steps=60, epochs=2, gpus=16)
    at = next(i for i, line in enumerate(sound) if "[GC] Performing periodic" in line)
    stamp = re.search(r"\d\d:\d\d:\d\d,\d{3}", sound[at + 1])
    assert stamp
    sound[at] = re.sub(r"\d\d:\d\d:\d\d,\d{3}", stamp[0], sound[at])
    assert any("ahead of steps" in fault for fault in checker.faults(sound))


def test_a_model_that_is_divided_to_the_byte_is_found() -> None:
    """What torch has reserved is no multiple of weights: 8,030,261,248 x 4 / 8 bytes are 3.74 GiB."""
    sound = first(log, "usage for model", **SOUND | {"gpus": 8})
    assert checker.faults(sound) == []
    plain = edit(r"usage for model: \d+\.\d+GiB\(\d+\.\d+%\)", "usage for model: 3.74GiB(4.72%)")
    assert any(fault.startswith("memory_is_constant") for fault in checker.faults(plain(sound)))


@pytest.mark.parametrize(("degree", "tp"), [(8, 1), (64, 1), (8, 8)])
def test_reserved_memory_is_that_of_cut_tensors(degree: int, tp: int) -> None:
    """At most a segment of each size above what the tensors have, and never below."""
    run = draw(random.Random(1), dialect="torchtitan", model="llama-3.1-70b", gpus=64)
    how = run.layout.parallelism._replace(tp=tp, shard_degree=degree, dp=64 // tp)
    run = replace(run, layout=run.layout._replace(parallelism=how))
    held = reserved.of_model(run)
    caches = run.sequence_length * run.model.head_dim * 4 * (run.model.layers + 2)
    own = 4 * run.parameters / degree / tp + caches
    assert own <= held <= own + 4 * 8192 * 161 * (1 - 1 / tp) / degree + 22 * 2**20
    assert held % 2**21 == 0


FAULTY_SLIPS = {
    "one_worker_is_shown": edit(r"^\[rank0\](?=:\[rank0\]:\[E)", "[rank2]"),
    "recorder_speaks_in_order": edit(
        "Stack trace of the failed collective: ", "Stack trace of the failed collective not found"
    ),
    "collectives_time_out": edit(r"Timeout\(ms\)=\d+", "Timeout(ms)=1000"),
    "processes_end_once": twice("Sending process"),
}


@pytest.mark.parametrize("rule", FAULTY_SLIPS)
def test_each_rule_about_faults_catches_its_slip(rule: str) -> None:
    """A planted error in what launchers and watchdogs say is found."""
    sound = drama("Watchdog caught")
    assert any(fault.startswith(rule) for fault in checker.faults(FAULTY_SLIPS[rule](sound)))


def test_a_report_without_those_who_were_ended_is_found() -> None:
    """A worker that is not in its launcher's report is a slip."""
    sound = drama("FAILED")
    at = next(index for index, line in enumerate(sound) if "(SIGTERM)" in line) - 4
    assert any(fault.startswith("reports_are_whole") for fault in checker.faults(sound[:at] + sound[at + 6 :]))


RECORDED = {
    "a frame is missing": without(r"^\[rank0\]:#2 "),
    "it is another operation": edit(r"#0 \w+ from", "#0 all_to_all from"),
    "nothing is dumped": without("Received a dump signal"),
    "it is another release's line": edit(r"ProcessGroupNCCL\.cpp:757\]", "ProcessGroupNCCL.cpp:683]"),
    "the end comes at once": edit(r"(E\d+) \d\d:\d\d:\d\d(?=\.\d+ ProcessGroupNCCL.cpp:818)", r"\1 00:00:00"),
}


@pytest.mark.parametrize("slip", RECORDED)
def test_what_a_flight_recorder_does_not_say_is_found(slip: str) -> None:
    """Frames, operation, dump, source lines and times are looked at one by one."""
    spoiled = RECORDED[slip](drama("Watchdog caught"))
    assert any(fault.startswith("recorder_speaks_in_order") for fault in checker.faults(spoiled))


def test_every_rule_is_shown_to_catch_something() -> None:
    """No rule without a slip."""
    assert {rule.__name__ for rule in checker.RULES} == SLIPS.keys() | FAULTY_SLIPS.keys() | {"reports_are_whole"}


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_log_lines_stand_there_once_at_any_width(columns: int) -> None:
    """What a terminal shows is, apart from wrapping and the panel, what a pipe gets; no row is left behind."""
    shown = perform(module(**SHORT), seed=4, seconds=600, columns=columns, rows=40)
    piped = perform(module(**SHORT), seed=4, seconds=600, motion=False, color=False)
    assert (shown.error, shown.ended) == (None, "finished")
    # Bars that are left standing are as wide as the terminal.
    rows, lines = ([x for x in text if not x.startswith("Running ")] for text in (shown.lines, piped.raw.split("\n")))
    assert "".join(rows).replace(" ", "") == "".join(lines).replace(" ", "")
    assert shown.screen.cursor_shown


def test_the_same_seed_is_the_same_show() -> None:
    """Same seed, same bytes; another seed, another run."""
    first, again, other = (show(seed, 60, **SHORT).raw for seed in (7, 7, 8))
    assert first == again
    assert first != other


@pytest.mark.parametrize("seconds", [0.5, 4.0, 12.0, 30.0])
def test_it_can_be_stopped_at_any_moment(seconds: float) -> None:
    """Cut off in the start-up or in the loop, it ends at once."""
    played = show(3, seconds, **SHORT)
    assert (played.ended, played.error, played.seconds) == ("stopped", None, seconds)


def test_launchers_of_many_nodes_are_silent() -> None:
    """With more than four nodes the script sets OMP_NUM_THREADS, and no launcher complains."""
    lines = log(1, steps=25, epochs=1, gpus=64)
    assert "+ OMP_NUM_THREADS=8" in lines
    assert not any("torch/distributed/run.py" in line for line in lines)


def test_the_last_checkpoint_is_saved_as_the_last() -> None:
    """At the last step torchtitan says so and does not say that it has finished."""
    lines = [line.rsplit(" - ", 1)[-1] for line in log(2, scenario="pretrain", steps=60, epochs=2, gpus=16)]
    at = lines.index("Saving a full checkpoint at last step, step 120.")
    assert lines[at - 1] in {"Saving the checkpoint.", "Staging the checkpoint."}
    assert lines[at + 1].startswith("Last step checkpoint completed in ")
    assert "Sleeping 2 seconds for other ranks to complete" in lines[at + 2 :]
    assert "Process group destroyed" in lines[at:]


@pytest.mark.parametrize("slip", [("NumelIn=", "NumelIn=1"), ("default_pg|mesh_dp_shard_cp", "another_pg")])
def test_a_collective_of_another_group_is_found(slip: tuple[str, str]) -> None:
    """Elements that the group does not divide so, and a group of another name, are slips."""
    lines = [re.sub(*slip, line) for line in drama("OpType=_")]
    if slip[1] == "another_pg" and not any("default_pg" in line for line in drama("OpType=_")):
        lines = [re.sub("another_pg", "default_pg", line) for line in lines]
    assert any(fault.startswith("collectives_time_out") for fault in checker.faults(lines))
