"""NCCL's own INFO lines: the graph as NCCL connects it, forms as it prints them, one story with the trainer's lines."""

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise

import pytest
from fakeact_llm_training import fakeact_modules
from fakeact_llm_training.sim.draw import draw
from fakeact_llm_training.sim.nccl import Communicator, Member, Where, informed, join
from fakeact_llm_training.sim.nccl_graph import Graph
from fakeact_llm_training.sim.scenario import Scenario
from fakeact_llm_training.sim.startup import channels
from fakeact_llm_training.tools.nccl_info import Line, destroyed, info
from fakeact_llm_training.tools.nccl_links import rings, trees

from fakeact.testing import perform

from . import checker_nccl

(MODULE,) = fakeact_modules()
PARTS = "kernels #, alloc #, bootstrap #, allgathers #, topo #, graphs #, connections #, rest #"
TWO_NODES = Graph(nodes=2, local=8, searched=8, channels=16, rails=True, balanced=False)


def tree(graph: Graph, channel: int, rank: int) -> str:
    """A branch as NCCL writes it."""
    up, down = graph.branch(channel, rank)
    return f"{down[0]}/{down[1]}/{down[2]}->{rank}->{up}"


# The graph
def test_two_nodes_of_hopper_are_connected_as_logged() -> None:
    """Trees of ranks 8 and 15, and who sends to whom in rings, of a public 2.27.5 log of two H100 nodes."""
    eight = ["9/-1/-1->8->0", "-1/-1/-1->8->15", *["9/-1/-1->8->15"] * 6,
             "9/0/-1->8->-1", "-1/-1/-1->8->15", *["9/-1/-1->8->15"] * 6]  # fmt: skip
    last = ["-1/-1/-1->15->14", *["8/-1/-1->15->14"] * 6, "8/-1/-1->15->7",
            "-1/-1/-1->15->14", *["8/-1/-1->15->14"] * 6, "8/7/-1->15->-1"]  # fmt: skip
    assert [tree(TWO_NODES, channel, 8) for channel in range(16)] == eight
    assert [tree(TWO_NODES, channel, 15) for channel in range(16)] == last
    logged = {6: [(7, 14), (15, 6)], 5: [(14, 5), (6, 13)], 0: [(9, 0), (1, 8), (8, 15)], 13: [(14, 5)], 7: [(0, 15)]}
    for channel, hops in logged.items():
        ring = TWO_NODES.ring(channel)
        assert set(hops) <= set(zip(ring, (*ring[1:], ring[0]), strict=True))
    assert TWO_NODES.ring(0) == (0, 7, 6, 5, 4, 3, 2, 1, 8, 15, 14, 13, 12, 11, 10, 9)
    assert TWO_NODES.heads(6) == (6, 14)


def test_a_rank_a_node_is_the_double_binary_tree() -> None:
    """Rank 0 of four nodes with one GPU each, as a public 2.27.3 log has it."""
    graph = Graph(4, 1, 1, 2, rails=False, balanced=True)
    assert [tree(graph, channel, 0) for channel in range(2)] == ["2/-1/-1->0->-1", "-1/-1/-1->0->1"]


@pytest.mark.parametrize("balanced", [True, False])
@pytest.mark.parametrize("nodes", [1, 2, 3, 4, 5, 7, 8, 12, 13])
def test_trees_and_rings_reach_every_rank_once(nodes: int, *, balanced: bool) -> None:
    """In each channel one rank is the root, parents and children agree, all hang together; rings have them all."""
    graph = Graph(nodes, 4, 4, 8, rails=True, balanced=balanced)
    ranks = range(nodes * 4)
    for channel in range(8):
        assert sorted(graph.ring(channel)) == list(ranks)
        branches = {rank: graph.branch(channel, rank) for rank in ranks}
        above = {child: rank for rank, (_, down) in branches.items() for child in down if child >= 0}
        assert {rank: up for rank, (up, _) in branches.items() if up >= 0} == above
        assert len(above) == len(ranks) - 1
        for rank in ranks:
            steps = 0
            while rank in above:
                rank, steps = above[rank], steps + 1
                assert steps <= len(ranks)


def test_a_leaf_of_one_tree_of_nodes_is_no_leaf_of_the_other() -> None:
    """The two trees share the work: between nodes, who only listens in one passes on in the other."""
    graph = Graph(8, 1, 1, 2, rails=False, balanced=False)
    leaves = [{rank for rank in range(8) if graph.branch(channel, rank).down[0] < 0} for channel in range(2)]
    assert not leaves[0] & leaves[1]


# Who says it
def scenario(want: Callable[[Scenario], bool], **wishes: object) -> Scenario:
    """The first drawn run of that kind."""
    for seed in range(200):
        found = draw(random.Random(seed), dialect="pytorch", **wishes)
        if want(found):
            return found
    raise AssertionError("no such run")


def told(run: Scenario, seconds: float = 1.2) -> Communicator:
    """The communicator of its first attempt."""
    site = run.site
    return join(run, Where(0, site.comm_id(), site.host, site.address, site.pid), seconds, informed(run))


def test_only_known_releases_are_quoted() -> None:
    """INFO lines are drawn for a share of runs, on NVIDIA's cards and of releases whose lines are known."""
    runs = [draw(random.Random(seed), dialect="pytorch") for seed in range(150)]
    speaking = [run for run in runs if informed(run)]
    assert 0.1 < len(speaking) / len(runs) < 0.5
    for run in speaking:
        assert run.gpu.vendor == "nvidia"
        assert run.site.versions.nccl.startswith("2.27." if run.gpu.slug in {"b200", "gb200"} else ("2.26.", "2.27."))
        assert run.nodes <= 64
        assert all(rank < run.world_size for rank in informed(run))


def test_ranks_do_not_wait_for_one_another() -> None:
    """The lines of two ranks come in their own time: in order for each of them, in turns for the reader."""
    comm = told(scenario(lambda run: len(informed(run)) == 2, gpu="h100", gpus=16))
    lines = info(comm)
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert 0 <= lines[0].at < lines[-1].at < 1.2
    hosts = [line.text.partition(":")[0] for line in lines]
    assert sum(one != other for one, other in pairwise(hosts)) >= 8


def threads_of(member: Member) -> tuple[int, ...]:
    """All threads that say something."""
    m = member
    return m.pid, m.thread, m.proxy, m.proxy + 1, m.connector, m.connector + 1, m.planter, m.closer


def test_threads_of_a_node_are_apart() -> None:
    """No two ranks of a node share a thread id with one another or with a process."""
    run = scenario(lambda run: bool(informed(run)), gpu="h100", gpus=8)
    site = run.site
    comm = join(run, Where(0, site.comm_id(), site.host, site.address, site.pid), 1.2, range(8))
    threads = [t for m in comm.members for t in threads_of(m)]
    assert len(set(threads)) == len(threads)


# Forms
def forms(run: Scenario) -> list[str]:
    """What rank 0 says, with numbers masked and each form once."""
    texts = [line.text.split(" NCCL INFO ")[1] for line in info(told(run)) if f":{run.site.pid(0)}:" in line.text]
    return list(dict.fromkeys(re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "#", text) for text in texts))


def test_forms_of_2_27() -> None:
    """Each line of rank 0 of an H100 node, to the blank and in order, as 2.27.3 and 2.27.5 print them under torch."""
    run = scenario(lambda r: informed(r) == (0,) and "2.27" in r.site.versions.nccl, gpu="h100", gpus=8)
    fixed = [
        form
        for form in forms(run)
        if not form.startswith(("NCCL_SOCKET", "Bootstrap: ", "NET/IB", "Trees", "ncclComm"))
    ]
    assert fixed == [
        "cudaDriverVersion #",
        "NCCL version #.#+cuda#",
        "Comm config Blocking set to #",
        "NET/Plugin: Could not find: libnccl-net.so. ",
        "Initialized NET plugin IB",
        "Assigned NET plugin IB to comm",
        "Using network IB",
        "DMA-BUF is available on GPU device #",
        "RAS client listening socket at #.#<#>",
        "Bootstrap timings total # (create #, send #, recv #, ring #, delay #)",
        "MNNVL busId # fabric UUID # cliqueId # state # healthMask #",
        *[form for form in forms(run) if form.startswith("Setting affinity")],
        "NVLS multicast support is available on dev # (NVLS_NCHANNELS #)",
        "comm # rank # nRanks # nNodes # localRanks # localRank # MNNVL #",
        "Channel #/# : # # # # # # # #",
        "P#P Chunksize set to #",
        "PROFILER/Plugin: Could not find: libnccl-profiler.so. ",
        "Check P#P Type isAllDirectP#p # directMode #",
        "[Proxy Service] Device # CPU core #",
        "[Proxy Service UDS] Device # CPU core #",
        "threadThresholds #/#/# | #/#/# | # | #",
        "# coll channels, # collnet channels, # nvls channels, # p#p channels, # p#p channels per peer",
        "CC Off, workFifoBytes #",
        "TUNER/Plugin: Could not find: libnccl-tuner.so. Using internal tuner plugin.",
        f"Init timings - ncclCommInitRankConfig: rank # nranks # total # ({PARTS})",
    ]  # fmt: skip


def test_forms_of_2_26_differ() -> None:
    """2.26.2 names its plugins otherwise, looks for the profiler early, and writes cores as a mask."""
    said = forms(scenario(lambda r: informed(r) == (0,) and "2.26" in r.site.versions.nccl, gpu="h100", gpus=8))
    assert "NET/Plugin: Could not find: libnccl-net.so. Using internal net plugin." in said
    assert "Check P#P Type intraNodeP#pSupport # directMode #" in said
    assert said.index("PROFILER/Plugin: Could not find: libnccl-profiler.so.") < said.index("Using network IB")
    assert not [form for form in said if "NET plugin IB" in form]
    assert any(re.fullmatch(r"Setting affinity for GPU # to [#a-f,]+", form) for form in said)


@pytest.mark.parametrize(
    ("gpu", "gpus", "coll", "nvls", "p2p", "per_peer", "chunk"),
    [
        ("h100", 8, 24, 16, 32, 32, 524288),
        ("h100", 16, 16, 16, 16, 2, 131072),
        ("b200", 16, 32, 32, 32, 2, 131072),
        ("a100-80g", 16, 16, 0, 16, 2, 131072),
        ("rtx4090", 8, 2, 0, 2, 2, 131072),
    ],
)
def test_channels_are_those_of_the_hardware(
    gpu: str, gpus: int, coll: int, nvls: int, p2p: int, per_peer: int, chunk: int
) -> None:
    """Counts and chunks are as logs of such machines have them, and the trainer says as many channels."""
    run = scenario(lambda r: bool(informed(r)), gpu=gpu, gpus=gpus)
    said = "\n".join(line.text for line in info(told(run)))
    counts = f"{coll} coll channels, {coll} collnet channels, {nvls} nvls channels, {p2p} p2p channels, {per_peer} p2p"
    assert said.count(f" {counts} channels per peer") == len(informed(run))
    assert said.count(f"P2P Chunksize set to {chunk}") == len(informed(run))
    assert channels(run) == coll


def test_trays_of_one_rack_are_one_node() -> None:
    """GB200's NVLink goes from tray to tray: NCCL sees one node, and the clique is all of it."""
    run = scenario(lambda r: len(informed(r)) == 2, gpu="gb200", gpus=16)
    said = "\n".join(line.text for line in info(told(run)))
    assert len(re.findall(r"nRanks 16 nNodes 1 localRanks 16 localRank [04] MNNVL 1$", said, re.MULTILINE)) == 2
    assert re.search(r"MNNVL 1 cliqueId 7ffe cliqueSize 16 cliqueRank 4$", said, re.MULTILINE)
    assert re.search(r"busId 801000 commId 0x[0-9a-f]{16} - Init START$", said, re.MULTILINE)


def test_a_destroyed_group_says_so() -> None:
    """In the end each of those ranks says which communicator is gone."""
    comm = told(scenario(lambda r: len(informed(r)) == 2, gpu="h100", gpus=16))
    assert len(destroyed(comm)) == 2
    assert re.fullmatch(
        r"\S+:\d+:\d+ \[0\] NCCL INFO comm 0x[0-9a-f]+ rank 0 nranks 16 cudaDev 0 busId [0-9a-f]+ - Destroy COMPLETE",
        destroyed(comm)[0],
    )


# The first collectives
def links(lines: list[Line]) -> list[str]:
    """What is said, without who says it."""
    return [line.text.split(" NCCL INFO ")[1] for line in lines]


def test_two_nodes_connect_as_logged() -> None:
    """Rank 0's lines of a public log of two H100 nodes with eight cards each, in that order; all those of its rings."""
    comm = told(scenario(lambda r: 0 in informed(r), gpu="h100", gpus=16))
    comm = comm._replace(members=comm.members[:1])
    to_7 = [f"Channel {channel:02}/0 : 0[0] -> 7[7] via P2P/CUMEM" for channel in range(16) if channel not in {7, 15}]
    progress, *said = links(rings(comm))
    assert progress.startswith("[Proxy Progress] Device 0 CPU core ")
    assert said == [
        "Channel 00/0 : 9[1] -> 0[0] [receive] via NET/IB/0/GDRDMA",
        "Channel 08/0 : 9[1] -> 0[0] [receive] via NET/IB/0/GDRDMA",
        *to_7,
        "Channel 07/0 : 0[0] -> 15[7] [send] via NET/IB/0/GDRDMA",
        "Channel 15/0 : 0[0] -> 15[7] [send] via NET/IB/0/GDRDMA",
        "Connected all rings, use ring PXN 0 GDR 1",
    ]
    assert links(trees(comm)) == [
        *(f"Channel {channel:02}/0 : 0[0] -> 1[1] via P2P/CUMEM" for channel in range(16) if channel % 8 != 1),
        "Channel 07/0 : 0[0] -> 7[7] via P2P/CUMEM",
        "Channel 15/0 : 0[0] -> 7[7] via P2P/CUMEM",
        "Channel 00/0 : 8[0] -> 0[0] [receive] via NET/IB/0/GDRDMA",
        "Channel 08/0 : 8[0] -> 0[0] [receive] via NET/IB/0/GDRDMA",
        "Channel 00/0 : 0[0] -> 8[0] [send] via NET/IB/0/GDRDMA",
        "Channel 08/0 : 0[0] -> 8[0] [send] via NET/IB/0/GDRDMA",
        "Connected all trees",
    ]


@pytest.mark.parametrize(
    ("gpu", "way", "direct"),
    [("a100-80g", "P2P/CUMEM/read", 1), ("gb200", "P2P/MNNVL", 1), ("rtx4090", "SHM/direct/direct", 1)],
)
def test_other_cards_connect_otherwise(gpu: str, way: str, direct: int) -> None:
    """Ampere pulls, trays of a rack have a word of their own, cards without NVLink share the host's memory."""
    comm = told(scenario(lambda r: bool(informed(r)), gpu=gpu, gpus=8))
    said = links(rings(comm))
    assert {text.split(" via ")[1] for text in said if " via " in text} == {way}
    assert said[-1] == f"Connected all rings, use ring PXN 0 GDR {direct}"
    assert ("Channel 00 :" in said[0]) == (way[:3] == "SHM")


# One story with the trainer
@cache
def log(seed: int, seconds: float = 7200, **options: object) -> tuple[str, ...]:
    """The lines of a run, or of its beginning."""
    played = perform(MODULE, seed=seed, seconds=seconds, motion=False, color=False, dialect="pytorch", **options)
    assert played.error is None
    return tuple(played.raw.splitlines())


SOUND: dict[str, object] = {"gpu": "h100", "gpus": 16, "steps": 60}


@cache
def seed_with(speaking: int) -> int:
    """The first seed of such a run in which so many processes are given NCCL_DEBUG=INFO."""
    for seed in range(60):
        found = checker_nccl.read(list(log(seed, 15.0, **SOUND)))
        if sum(len(comm.processes) for comm in found[:1]) == speaking:
            return seed
    raise AssertionError("no such run")


@pytest.mark.parametrize("gpus", [8, 16, 64, 256])
def test_what_is_said_agrees(gpus: int) -> None:
    """A reader who knows only the printed text finds nothing that contradicts anything else, at any size."""
    logs = [list(log(seed, 25.0, gpus=gpus)) for seed in range(16)]
    assert [checker_nccl.faults(lines) for lines in logs] == [[]] * 16
    assert any(checker_nccl.read(lines) for lines in logs)


@pytest.mark.parametrize("gpu", ["b200", "gb200", "a100-80g", "rtx4090"])
def test_what_is_said_agrees_on_other_cards(gpu: str) -> None:
    """Whatever the cards are called and wherever they sit, the same rules hold."""
    logs = [list(log(seed, 25.0, gpu=gpu, gpus=8)) for seed in range(16)]
    assert [checker_nccl.faults(lines) for lines in logs] == [[]] * 16
    assert any(checker_nccl.read(lines) for lines in logs)


def dramas() -> Iterator[list[str]]:
    """Whole runs, with faults, in which two ranks speak."""
    for seed in range(60):
        run = {"faults": "drama", **SOUND}
        if len(checker_nccl.read(list(log(seed, 15.0, **run)))) and "Destroy" in "".join(whole := log(seed, **run)):
            yield list(whole)


def test_a_restart_makes_another_communicator() -> None:
    """New processes say it all again, with the new id that the trainer then says; others, only the version."""
    lines = next(lines for lines in dramas() if any("workers started again" in line for line in lines))
    found = checker_nccl.read(lines)
    assert len(found) == 1 + sum("workers started again" in line for line in lines)
    assert checker_nccl.faults(lines) == []
    assert any("Destroy COMPLETE" in line for line in lines)


def test_others_say_their_version() -> None:
    """Where the script says NCCL_DEBUG=WARN, rank 0 says which NCCL it is, and no more."""
    lines = log(seed_with(speaking=0), 15.0, **SOUND)
    assert sum(line.startswith("NCCL version 2.") for line in lines) == 1
    assert not any("NCCL INFO" in line for line in lines)


def with_slip(pattern: str, replacement: str) -> Callable[[list[str]], list[str]]:
    """The last line that a pattern matches is changed."""

    def spoil(lines: list[str]) -> list[str]:
        at = max(i for i, line in enumerate(lines) if re.search(pattern, line))
        return [*lines[:at], re.sub(pattern, replacement, lines[at], count=1), *lines[at + 1 :]]

    return spoil


def swapped(lines: list[str]) -> list[str]:
    """A rank's affinity comes before its bootstrap."""
    at = next(i for i, line in enumerate(lines) if "Bootstrap timings" in line)
    host = lines[at].partition(":")[0]
    later = next(i for i, line in enumerate(lines) if "Setting affinity" in line and line.startswith(host))
    changed = list(lines)
    changed[at], changed[later] = lines[later], lines[at]
    return changed


SLIPS = {
    "ids_are_one": with_slip(r"commId 0x....", "commId 0x0000"),
    "ranks_are_where_they_are": with_slip(r"busId [0-9a-f]+ (commId .* START)", r"busId ee000 \g<1>"),
    "threads_keep_their_work": with_slip(r":\d+ (\[0\] NCCL INFO Trees)", r":7 \g<1>"),
    "lines_are_in_order": swapped,
    "channels_agree": with_slip(r"Channel 03/16 :  0  7", "Channel 03/16 :  0  6"),
    "parents_know_their_children": with_slip(r"Trees \[0\] 9/-1/-1->8->0", "Trees [0] 9/-1/-1->8->15"),
    "sizes_follow": with_slip(r"128/8/64", "64/8/64"),
    "timings_add_up": with_slip(r"bootstrap 0\.", "bootstrap 9."),
    "connections_follow_the_graph": with_slip(r"-> 15\[7\] \[send\]", "-> 14[6] [send]"),
}


def test_each_rule_catches_its_slip() -> None:
    """The log is sound; a planted error is found by the rule that looks for it; no rule goes untested."""
    sound = list(log(seed_with(speaking=2), 15.0, **SOUND))
    assert len(checker_nccl.read(sound)[0].processes) == 2
    assert checker_nccl.faults(sound) == []
    assert set(SLIPS) == {rule.__name__ for rule in checker_nccl.RULES}
    for rule, slip in SLIPS.items():
        assert any(fault.startswith(rule) for fault in checker_nccl.faults(slip(sound))), rule
