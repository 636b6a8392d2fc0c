"""What breaks, what follows, and how training goes on."""

import math
import random
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from fakeact_llm_training.sim import faults
from fakeact_llm_training.sim.aftermath import draw_aftermath
from fakeact_llm_training.sim.crew import Crew
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.events import (
    CheckpointSaved,
    CheckpointStarted,
    Event,
    RunDone,
    RunInterrupted,
    StepDone,
    ValidationDone,
)
from fakeact_llm_training.sim.fault_events import (
    Cancelled,
    DumpSignal,
    Fault,
    LauncherLeft,
    NodeLost,
    RankFailed,
    Restarted,
    Resumed,
    Teardown,
    WatchdogTimeout,
    WorkerEnded,
    XidLogged,
)
from fakeact_llm_training.sim.faults import MEAN, MIX, PEACE, Fate, mix
from fakeact_llm_training.sim.kinds import DialectName, FaultKind
from fakeact_llm_training.sim.launchers import NodeLauncher
from fakeact_llm_training.sim.node_by_node import DUMP_SECONDS
from fakeact_llm_training.sim.run import TrainingRun
from fakeact_llm_training.sim.scenario import Scenario
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

SEEDS = range(12)
FALL = (
    Cancelled, Fault, XidLogged, WatchdogTimeout, DumpSignal, RankFailed, NodeLost, Teardown, WorkerEnded, LauncherLeft,
)  # fmt: skip


def run_of(scenario: Scenario, seed: int = 0) -> TrainingRun:
    return TrainingRun(scenario, np.random.default_rng(seed), special)


@cache
def drama(seed: int) -> tuple[Scenario, list[Event]]:
    """A run with many faults, of any kind and dialect, from its first step to its last."""
    scenario = draw(random.Random(seed), scenario=None, dialect=None, faults="drama")
    return scenario, run_of(scenario, seed).advance(1e9)


@cache
def short(**fields: object) -> Scenario:
    """Two short epochs on eight nodes, a checkpoint every 7 steps."""
    scenario = draw(random.Random(3), gpu="h100", gpus=64, steps=30, epochs=2, faults="some")
    plain: dict[str, object] = {"async_checkpoints": False, "validation_interval": 0, "checkpoint_interval": 7}
    return replace(scenario, **(plain | fields))  # type: ignore[arg-type]


def broken(kind: FaultKind, monkeypatch: pytest.MonkeyPatch, due: float = 6.0, **fields: object) -> TrainingRun:
    """A short run that such a fault hits after `due` seconds; no other."""
    monkeypatch.setattr(faults, "MIX", {kind: 1.0})
    run = run_of(short(**fields), 4)
    run._story.fate.due = due
    run._story.fate.spare = lambda at: setattr(run._story.fate, "due", math.inf)  # type: ignore[method-assign]
    return run


def until(run: TrainingRun, kind: type) -> Event:
    """Play until such an event has happened; gives it."""
    while not run.is_done:
        for event in run.advance(run.until_next_event()):
            if isinstance(event, kind):
                return event
    raise AssertionError(f"no {kind.__name__}")


def test_faults_come_in_the_published_proportions() -> None:
    """Of many faults each kind has its share of Llama 3's table, to within three standard errors."""
    scenario, count = short(), 6000
    fate, crew = Fate(scenario, np.random.default_rng(1)), Crew(scenario)
    seen = Counter(fate.fault(0.0, 1, crew).kind for _ in range(count))
    assert sum(MIX.values()) == 419
    for kind, weight in MIX.items():
        share = weight / 419
        assert abs(seen[kind] / count - share) < 3.2 * math.sqrt(share * (1 - share) / count), kind


@pytest.mark.parametrize(("rate", "minutes"), [("some", 12), ("drama", 3)])
def test_faults_come_as_often_as_asked_for(rate: str, minutes: int) -> None:
    """One in about twelve minutes, or in three; never in the first seconds of an attempt; never without."""
    fate = Fate(replace(short(), faults=rate), np.random.default_rng(2))
    waits = []
    for _ in range(4000):
        fate.spare(100.0)
        waits.append(fate.due - 100.0)
    assert np.mean(waits) == pytest.approx(60 * minutes, rel=0.06)
    assert min(waits) >= PEACE
    assert Fate(replace(short(), faults="none"), np.random.default_rng(2)).due == MEAN["none"] == math.inf


def test_faults_need_the_part_that_fails() -> None:
    """No Xid on AMD, no ECC on a desktop card, no network in one node, no collective on one GPU."""
    assert not {"nvlink", "gsp"} & mix(draw(random.Random(1), gpu="mi300x")).keys()
    assert not {"ecc_hbm", "nvlink"} & mix(draw(random.Random(1), gpu="rtx4090", gpus=8)).keys()
    assert not {"network", "node"} & mix(draw(random.Random(1), gpu="h100", gpus=8)).keys()
    assert not {"watchdog", "gsp", "nvlink"} & mix(draw(random.Random(1), gpus=1)).keys()


@pytest.mark.parametrize(
    ("kind", "gpu", "xid"),
    [
        ("off_bus", "h100", 79),
        ("nvlink", "h100", 74),
        ("nvlink", "b200", 149),
        ("ecc_hbm", "a100-80g", 48),
        ("gsp", "h200", 119),
        ("off_bus", "mi300x", None),
        ("oom", "h100", None),
    ],
)
def test_errors_have_their_numbers(kind: FaultKind, gpu: str, xid: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind has the driver's number for it, which depends on the generation; AMD's driver has none."""
    monkeypatch.setattr(faults, "MIX", {kind: 1.0})
    scenario = draw(random.Random(1), gpu=gpu)
    fault = Fate(scenario, np.random.default_rng(1)).fault(5.0, 3, Crew(scenario))
    assert (fault.kind, fault.xid) == (kind, xid)
    assert (fault.host, fault.pid) == (scenario.host_of(fault.rank), scenario.site.pid(fault.rank))
    assert fault.bus_id == scenario.site.bus_id(fault.rank)


@pytest.mark.parametrize("kind", MIX)
@pytest.mark.parametrize("seed", range(4))
def test_effects_follow_their_cause(kind: FaultKind, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault comes first, a launcher acts after a process has failed, each process ends but once."""
    monkeypatch.setattr(faults, "MIX", {kind: 1.0})
    scenario = draw(random.Random(2), gpu="h100", gpus=64)
    generator, crew = np.random.default_rng(seed), Crew(scenario)
    fault = Fate(scenario, generator).fault(50.0, 40, crew)
    events = draw_aftermath(fault, scenario, crew, 39, generator).events
    assert events[0] is fault
    assert all(a.at <= b.at for a, b in pairwise(events))
    failed = [event for event in events if isinstance(event, RankFailed)]
    torn = [event for event in events if isinstance(event, Teardown)]
    assert sum(event.first for event in failed) == (kind != "preemption")
    assert len({event.rank for event in failed}) == len(failed)
    assert len({event.host for event in torn}) == len(torn) >= scenario.nodes - 1
    for event in torn:
        assert list(event.pids) == sorted(event.pids)
        assert event.agent_pid not in event.pids
    if kind != "preemption":
        assert min(event.at for event in torn) > failed[0].at
    if not fault.hangs and kind not in {"preemption", "node"}:
        assert failed[0].rank == fault.rank
        assert not any(fault.pid in event.pids for event in torn)
    assert any(isinstance(event, NodeLost) for event in events) == (kind == "node")
    assert any(isinstance(event, XidLogged) for event in events) == (fault.xid is not None)


@pytest.mark.parametrize("kind", MIX)
@pytest.mark.parametrize("seed", range(4))
def test_over_ssh_each_node_ends_by_itself(kind: FaultKind, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No launcher hears of another: a node without a failure waits for its watchdogs, and for their dump."""
    monkeypatch.setattr(faults, "MIX", {kind: 1.0})
    scenario = draw(random.Random(2), gpu="h100", gpus=32, dialect="deepspeed")
    generator, crew = np.random.default_rng(seed), Crew(scenario)
    fault = Fate(scenario, generator).fault(50.0, 40, crew)
    events = draw_aftermath(fault, scenario, crew, 39, generator).events
    assert all(a.at <= b.at for a, b in pairwise(events))
    failed = {event.pid: event for event in events if isinstance(event, RankFailed)}
    torn = {event.node: event for event in events if isinstance(event, Teardown)}
    left = {event.node: event for event in events if isinstance(event, LauncherLeft)}
    assert sum(event.first for event in failed.values()) == (kind != "preemption")
    if kind == "preemption":
        assert set(torn) == set(range(scenario.nodes))
        assert not left  # what pdsh no longer brings
        return
    lost = {fault.rank // scenario.gpus_per_node} if kind == "node" else set()
    assert set(torn) == set(left) == set(range(scenario.nodes)) - lost
    for node, launcher in left.items():
        assert launcher.rank in crew.ranks(node)
        own = failed[crew.pid(launcher.rank)]
        assert launcher.exitcode == own.exitcode
        assert own.at < torn[node].at < launcher.at
        if own.error == "watchdog":
            assert own.at > fault.at + scenario.collective_timeout + DUMP_SECONDS
        ended = [event for event in events if isinstance(event, WorkerEnded) and event.node == node]
        assert [event.pid for event in ended] == list(crew.pids(node))
        assert torn[node].at == ended[0].at
        assert all(event.at <= turn.at for turn in ended if (event := failed.get(turn.pid)))
    assert any(event.error == "watchdog" for event in failed.values())


def test_a_launcher_takes_the_time_that_its_workers_take() -> None:
    """Who was seen to be dead costs nothing, who is dead a look at all processes, who lives its end: never a rhythm."""
    scenario = draw(random.Random(2), gpu="h100", gpus=8, dialect="deepspeed")
    crew, pauses = Crew(scenario), []
    for seed in range(40):
        dead = [RankFailed(5.0 + 0.001 * rank, rank, rank, crew.host(0), crew.pid(rank), -6, "watchdog", not rank)
                for rank in range(4)]  # fmt: skip
        events = list(NodeLauncher(0, crew, np.random.default_rng(seed)).fails(dead))
        (left,) = [event for event in events if isinstance(event, LauncherLeft)]
        turns = [event.at for event in events if isinstance(event, WorkerEnded)]
        spent = np.diff([*turns, left.at])
        assert left.rank is not None
        assert spent[left.rank] < 0.001 < np.delete(spent, left.rank).min()
        assert (spent[4:] > 0.08).all()
        assert len(set(np.round(spent[4:], 3))) > 2
        pauses += list(spent[4:])
    assert 0.4 < np.median(pauses) < 1.3
    assert max(pauses) > 2


def test_a_node_that_is_down_idles_while_another_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a failure on one of eight nodes, its GPUs are empty and the others' still spin at full utilisation."""
    run = broken("oom", monkeypatch, dialect="deepspeed")
    fault = until(run, Fault)
    assert isinstance(fault, Fault)
    run.advance(30.0)
    seen, per_node = run.cluster.readings(run.elapsed), run.scenario.gpus_per_node
    own = np.arange(run.scenario.world_size) // per_node == fault.rank // per_node
    assert (seen.utilisation[own] == 0).all()
    assert (seen.memory_used[own] < 20).all()
    assert (seen.utilisation[~own] >= 97).all()
    assert (seen.memory_used[~own] > 0.5 * run.scenario.used_mib).all()
    assert isinstance(until(run, Restarted), Restarted)
    assert run.elapsed > fault.at + run.scenario.collective_timeout + DUMP_SECONDS


def test_watchdogs_speak_each_in_their_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """All ranks but the stuck one wait for the configured time and a bit; a minute later they abort."""
    run = broken("watchdog", monkeypatch, collective_timeout=90)
    fault = until(run, Fault)
    assert isinstance(fault, Fault)
    assert fault.hangs
    events = run.advance(200.0)
    spoke = [event for event in events if isinstance(event, WatchdogTimeout)]
    assert len(spoke) == run.scenario.world_size - 1
    assert fault.rank not in {event.rank for event in spoke}
    for event in spoke:
        assert event.timeout_ms == 90_000 < event.ran_ms < 90_150
        assert 90 < event.at - fault.at < 90.5
        assert event.last_completed < event.seq <= event.last_enqueued
    assert len({event.at for event in spoke}) == len(spoke)
    assert len({(event.seq, event.op, event.numel_in) for event in spoke}) == 1
    aborts = [event for event in events if isinstance(event, RankFailed)]
    assert {event.exitcode for event in aborts} == {-6}
    assert aborts[0].signal == 6
    assert aborts[0].at >= max(event.at for event in spoke) + DUMP_SECONDS


def test_a_hang_spins_and_a_dead_job_idles(monkeypatch: pytest.MonkeyPatch) -> None:
    """While collectives spin utilisation is full at low power; when all is gone memory is empty, too."""
    run = broken("gsp", monkeypatch)
    until(run, Fault)
    run.advance(30.0)
    hung = run.cluster.readings(run.elapsed)
    assert run.phase == "hang"
    assert (hung.utilisation >= 97).all()
    assert (hung.power < 0.35 * run.scenario.gpu.power_limit_w).all()
    while run.phase != "down" or run.until_next_event() < 5:
        run.advance(run.until_next_event())
    run.advance(4.0)
    gone = run.cluster.readings(run.elapsed)
    assert (gone.utilisation == 0).all()
    assert (gone.memory_used < 20).all()
    until(run, Resumed)
    assert (run.cluster.readings(run.elapsed).memory_used > 0.5 * run.scenario.used_mib).all()


def test_a_gpu_off_the_bus_is_not_seen_until_its_node_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """It alone is missing; afterwards another machine is the last node, and those behind the one that left move up."""
    run = broken("off_bus", monkeypatch)
    before, names = run.cluster.efficiency.copy(), [run.host(node) for node in range(run.scenario.nodes)]
    fault = until(run, Fault)
    assert isinstance(fault, Fault)
    seen = run.cluster.readings(run.elapsed)
    assert np.flatnonzero(~seen.present).tolist() == [fault.rank]
    assert seen.health[fault.rank] == 2
    restarted = until(run, Restarted)
    assert isinstance(restarted, Restarted)
    node = fault.rank // run.scenario.gpus_per_node
    (change,) = restarted.replaced
    last = run.scenario.nodes - 1
    assert (change.old_node, change.old_host) == (node, names[node])
    assert (change.new_node, change.new_host) == (last, run.host(last))
    assert change.new_host not in names
    assert [run.host(node) for node in range(last)] == names[:node] + names[node + 1 :]
    assert run.cluster.readings(run.elapsed).present.all()
    own = slice(node * run.scenario.gpus_per_node, (node + 1) * run.scenario.gpus_per_node)
    moved, new = np.split(run.cluster.efficiency, [last * run.scenario.gpus_per_node])
    assert (moved == np.delete(before, own)).all()
    assert not set(new) & set(before)


@pytest.mark.parametrize(("dialect", "counts"), [("megatron", False), ("pytorch", True)])
def test_a_save_counts_once_its_trainer_has_seen_it(
    dialect: DialectName, counts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Megatron looks for finished saves between steps: one that ends in a step that breaks is not resumed from."""
    run = broken("oom", monkeypatch, math.inf, async_checkpoints=True, dialect=dialect)
    until(run, CheckpointSaved)
    saved = until(run, CheckpointSaved)
    run._story.fate.due = run.elapsed + 1e-3
    resumed = until(run, Resumed)
    assert isinstance(saved, CheckpointSaved)
    assert isinstance(resumed, Resumed)
    assert resumed.path
    assert (resumed.path == saved.path) is counts


@pytest.mark.parametrize(("kind", "requeued"), [("oom", False), ("ecc_hbm", True), ("preemption", True)])
def test_processes_are_others_after_a_restart(kind: FaultKind, requeued: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers and the communicator are new; launchers only if the scheduler has queued the job again."""
    run = broken(kind, monkeypatch)
    ranks = range(run.scenario.world_size)
    pids, comm, agent = {run.pid(rank) for rank in ranks}, run.comm_id, run.agent_pid(1)
    restarted = until(run, Restarted)
    assert isinstance(restarted, Restarted)
    assert not pids & {run.pid(rank) for rank in ranks}
    assert restarted.pids == tuple(run.pid(rank) for rank in range(run.scenario.gpus_per_node))
    assert restarted.comm_id == run.comm_id != comm
    assert (run.agent_pid(1) != agent) == requeued == restarted.requeued
    assert (restarted.attempt, restarted.generation) == (1, 0 if requeued else 1)


def test_a_restart_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its phases follow one another without a gap, and progress runs from 0 to 1 until training goes on."""
    run = broken("software", monkeypatch)
    restarted = until(run, Restarted)
    assert isinstance(restarted, Restarted)
    assert run.restarting is restarted
    assert 3 < restarted.seconds < 60
    assert [one.ends for one in restarted.phases[:-1]] == pytest.approx([one.begins for one in restarted.phases[1:]])
    run.advance(restarted.seconds / 2)
    assert run.phase == "restart"
    assert run.fraction == pytest.approx(0.5)
    assert run.restart_phase
    assert run.restart_phase.begins <= restarted.seconds / 2 <= run.restart_phase.ends
    resumed = until(run, Resumed)
    assert resumed.at == pytest.approx(restarted.at + restarted.seconds)
    assert run.restarting is None


@pytest.mark.parametrize("seed", SEEDS)
def test_training_goes_on_from_the_last_complete_checkpoint(seed: int) -> None:
    """Step counters go back to it, all steps are done in order from there, and what was lost is counted."""
    scenario, events = drama(seed)
    step, complete = scenario.start_step, (scenario.start_step, scenario.load_path)
    if scenario.kind != "resume":
        complete = (0, None)
    for event in events:
        if isinstance(event, StepDone):
            assert event.step == step + 1
            assert event.consumed_samples == event.step * scenario.global_batch
            step = event.step
        elif isinstance(event, CheckpointSaved):
            complete = (event.step, event.path)
        elif isinstance(event, Fault):
            assert event.step == step + 1
        elif isinstance(event, Resumed):
            assert (event.step, event.path) == complete
            assert event.lost_steps == step - event.step >= 0
            assert event.consumed_tokens == event.step * scenario.tokens_per_step
            assert (event.epoch - 1) * scenario.steps_per_epoch + event.step_in_epoch == event.step
            step = event.step


@pytest.mark.parametrize("seed", SEEDS)
def test_flight_recorders_are_written_within_a_second(seed: int) -> None:
    """One rank signals first; each other that has not timed out by the time it looks is told by that one."""
    _, events = drama(seed)
    for at, event in enumerate(events):
        if not isinstance(event, Fault) or not event.hangs:
            continue
        later = events[at + 1 :]
        end = next((n for n, other in enumerate(later) if isinstance(other, RankFailed)), len(later))
        late = {other.rank: other for other in later[:end] if isinstance(other, WatchdogTimeout)}
        told = {other.rank: other for other in later[:end] if isinstance(other, DumpSignal)}
        if not late:
            continue
        first = min(late.values(), key=lambda other: other.at)
        assert first.signals
        assert {0, event.rank, *late} == told.keys()
        for rank, signal in told.items():
            assert 0 < signal.at - first.at < 1.3
            assert (signal.source is None) == (rank in late and late[rank].signals)
            assert signal.source in {None, first.rank}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_completes_that_did_not_begin(seed: int) -> None:
    """Times never run backwards, a save that an attempt began dies with it, no step is done between fall and rise."""
    _, events = drama(seed)
    assert all(a.at <= b.at + 1e-6 for a, b in pairwise(events))
    begun: set[str] = set()
    alive = True
    for event in events:
        if isinstance(event, CheckpointStarted):
            begun.add(event.path)
        elif isinstance(event, CheckpointSaved):
            assert event.path in begun
        elif isinstance(event, Fault):
            assert alive
            alive, begun = False, set()
        elif isinstance(event, Resumed):
            alive = True
        assert alive or isinstance(event, (*FALL, Restarted, RunInterrupted))
    assert isinstance(events[-1], RunDone | RunInterrupted)


def test_a_drama_has_faults() -> None:
    """The runs that the rules above are held against have dozens of restarts, of many kinds."""
    kinds = Counter(event.kind for seed in SEEDS for event in drama(seed)[1] if isinstance(event, Fault))
    assert sum(kinds.values()) > 20
    assert len(kinds) > 5


def test_repeated_steps_have_nearly_the_same_loss() -> None:
    """The same data in the same order: losses differ, in the third decimal only; rates do not differ."""
    gaps = []
    for seed in SEEDS:
        first: dict[int, StepDone] = {}
        for event in drama(seed)[1]:
            if isinstance(event, StepDone) and not event.skipped:
                if before := first.get(event.step):
                    gaps.append(abs(event.loss - before.loss))
                    assert event.learning_rate == before.learning_rate
                first.setdefault(event.step, event)
    assert len(gaps) > 200
    assert 0 < min(gaps) <= max(gaps) < 0.01
    assert 3e-4 < np.mean(gaps) < 3e-3


@given(st.lists(st.floats(0.0, 60.0), min_size=1, max_size=12), st.integers(0, 30))
@settings(max_examples=25, deadline=None)
def test_restarts_do_not_depend_on_the_frame_rate(cuts: list[float], seed: int) -> None:
    """However time is cut up, faults, restarts and repeated steps are the same at the same times."""
    whole, pieces = run_of(short(), seed), run_of(short(), seed)
    whole._story.fate.due = pieces._story.fate.due = 5.0 + seed / 7
    together = whole.advance(sum(cuts))
    apart = [event for cut in cuts for event in pieces.advance(cut)]
    assert apart == together
    assert (pieces.step, pieces.attempt, pieces.phase) == (whole.step, whole.attempt, whole.phase)


def test_validations_that_are_lost_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is done again is compared with those before it, not with itself."""
    run = broken("oom", monkeypatch, due=math.inf, validation_interval=8, checkpoint_interval=30)
    until(run, ValidationDone)
    run._story.fate.due = run.elapsed + 1.0
    until(run, Resumed)
    again = until(run, ValidationDone)
    assert isinstance(again, ValidationDone)
    assert again.best


def test_a_job_is_not_started_again_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """When its restarts are used up the job is over, with the checkpoint that there is."""
    run = broken("software", monkeypatch, due=24.0, max_restarts=0)
    last = run.advance(1e9)[-1]
    assert isinstance(last, RunInterrupted)
    assert last.reason == "restarts exhausted"
    assert last.path == run.last_checkpoint is not None
    assert last.restarts == 0


def test_process_ids_of_all_attempts_are_possible() -> None:
    """Ten restarts on, ids are still Linux' and distinct."""
    site = draw(random.Random(1), gpus=4096, gpu="h100").site
    for attempt in (1, 4, 10):
        pids = {site.pid(rank, attempt) for rank in range(4096)}
        assert len(pids) == 4096
        assert 1000 < min(pids) <= max(pids) < 4_194_304
    assert len({site.comm_id(attempt) for attempt in range(11)}) == 11
