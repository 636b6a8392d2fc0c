"""A reader of NCCL's own lines: knows only the printed text, and what the trainer says beside them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise, permutations
from math import isclose

INFO = re.compile(r"(\S+):(\d+):(\d+) \[(\d+)\] NCCL INFO (.*)")
MADE = re.compile(r"communicator (0x[0-9a-f]+)(?:: (\d+) ranks, (\d+) nodes?, (\d+) channels, init ([\d.]+) s)?")
FOUND = re.compile(r"\[Rank (\d+)/\d+\] INFO (\S+) pid (\d+): .* PCI (\S+)")
NAMED = re.compile(
    r"ncclCommInitRankConfig comm (0x\w+) rank (\d+) nranks (\d+) cudaDev (\d+) nvmlDev (\d+) busId (\w+) "
    r"commId (0x\w+) - Init (START|COMPLETE)"
)
LAID = re.compile(r"comm (0x\w+) rank (\d+) nRanks (\d+) nNodes (\d+) localRanks (\d+) localRank (\d+) MNNVL (\d)")
COUNTS = re.compile(
    r"(\d+) coll channels, (\d+) collnet channels, (\d+) nvls channels, (\d+) p2p channels, (\d+) p2p .*"
)
LINK = re.compile(
    r"Channel (\d\d)(?:/0)? : (\d+)\[(\d+)\] -> (\d+)\[(\d+)\](?: \[(send|receive)\])? via "
    r"(P2P/CUMEM|P2P/CUMEM/read|P2P/MNNVL|SHM/direct/direct|NET/IB/\d+(?:/GDRDMA)?)"
)
CONNECTING = re.compile(r"Channel \d\d(?:/0)? : \d+\[|Connected all|\[Proxy Progress\]")
ORDER = (
    "Bootstrap: ", "NCCL version", "Comm config", "NET/Plugin", "NET/IB", "Using network",
    "ncclCommInitRankConfig .*START",
    "RAS client", "Bootstrap timings", "Setting affinity", "NVLS multicast", "comm 0x", "Trees ", "P2P Chunksize",
    r"\[Proxy Service\]", "threadThresholds", r"\d+ coll channels", "TUNER/Plugin", "ncclCommInitRankConfig .*COMPLETE",
    "Init timings",
)  # fmt: skip


@dataclass
class Process:
    """What one process says of one communicator."""

    host: str
    pid: int
    device: int
    said: list[tuple[int, str]] = field(default_factory=list)
    connecting: list[tuple[int, str]] = field(default_factory=list)

    def find(self, pattern: "str | re.Pattern[str]") -> re.Match[str]:
        """The first of its lines that begins so; it must have one."""
        return next(self.all(pattern))

    def all(self, pattern: "str | re.Pattern[str]") -> Iterator[re.Match[str]]:
        """Its lines that begin so."""
        return (match for _, text in self.said if (match := re.match(pattern, text)))

    @property
    def rank(self) -> int:
        return int(self.find(NAMED)[2])

    @property
    def trees(self) -> list[tuple[list[int], int, int]]:
        """Children, itself and parent in each channel."""
        found = re.findall(r"\[(\d+)\] (-?\d+)/(-?\d+)/(-?\d+)->(\d+)->(-?\d+)", self.find("Trees .*")[0])
        assert [int(tree[0]) for tree in found] == list(range(len(found)))
        return [([int(child) for child in tree[1:4] if child != "-1"], int(tree[4]), int(tree[5])) for tree in found]


@dataclass
class Communicator:
    """A communicator: what the trainer says of it, and the processes that tell how it came about."""

    made: re.Match[str]
    processes: list[Process]


def read(lines: list[str]) -> list[Communicator]:
    """Every communicator that some process speaks of, in order."""
    found: list[Communicator] = []
    speaking: dict[tuple[str, int], Process] = {}
    for line in lines:
        if match := INFO.fullmatch(line):
            host, pid, thread, device, text = match.groups()
            if CONNECTING.match(text):
                known = speaking or {(one.host, one.pid): one for one in found[-1].processes}
                known[host, int(pid)].connecting.append((int(thread), text))
                continue
            process = speaking.setdefault((host, int(pid)), Process(host, int(pid), int(device)))
            process.said.append((int(thread), text))
        elif (made := MADE.search(line)) and speaking:
            found.append(Communicator(made, list(speaking.values())))
            speaking = {}
    return found


def faults(lines: list[str]) -> list[str]:
    """Everything in NCCL's lines that does not agree with something else."""
    found = read(lines)
    return [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(found, lines)]


def ids_are_one(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """All processes name the commId that the trainer says, a new one after each restart; a pointer is one's own."""
    seen: set[str] = set()
    for comm in found:
        ids = {match[7] for process in comm.processes for match in process.all(NAMED)}
        if ids != {comm.made[1]} or ids & seen:
            yield f"commId {ids}, the trainer says {comm.made[1]}"
        seen |= ids
        pointers = [{match[1] for form in (NAMED, LAID) for match in p.all(form)} for p in comm.processes]
        if any(len(own) != 1 for own in pointers) or len(set.union(*pointers)) != len(pointers):
            yield f"pointers {pointers}"


def ranks_are_where_they_are(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """Rank, process, device and bus are those that the trainer found; ranks = domains x ranks in each."""
    trainer = {int(m[1]): m.groups()[1:] for line in lines if (m := FOUND.search(line))}
    again = [m for line in lines if (m := re.search(r"workers started again, (\S+) pids (\d+) to (\d+)", line))]
    for number, comm in enumerate(found):
        hosts = {process.host: process.pid for process in comm.processes}
        if (
            number
            and again
            and not int(again[number - 1][2]) <= hosts.get(again[number - 1][1], 0) <= int(again[number - 1][3])
        ):
            yield f"{hosts} after {again[number - 1][0]}"
        for process in comm.processes:
            named, laid = process.find(NAMED), process.find(LAID)
            bus = f"{int(named[6], 16):012X}"
            address = f"{bus[:-5].zfill(8)[-8:]}:{bus[-5:-3]}:{bus[-3:-1]}.{bus[-1]}"
            said = (process.host, str(process.pid), address)
            if number == 0 and int(named[2]) in trainer and trainer[int(named[2])] != said:
                yield f"rank {named[2]} is {said}, the trainer found {trainer[int(named[2])]}"
            ranks, nodes, local, own, spans = map(int, laid.groups()[2:])
            if ranks != nodes * local or int(named[2]) % local != own or (laid[2], laid[3]) != (named[2], named[3]):
                yield laid[0]
            if {named[4], named[5], str(process.device)} != {named[4]} or (not spans and int(named[4]) != own):
                yield named[0]
            if comm.made[2] and (int(comm.made[2]) != ranks or (not spans and int(comm.made[3]) != nodes)):
                yield f"{laid[0]}; {comm.made[0]}"


def threads_keep_their_work(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """The main thread greets, one other does the work, each proxy has one of its own; addresses are the machine's."""
    for comm in found:
        for process in comm.processes:
            main = [text for thread, text in process.said if thread == process.pid]
            proxies = [thread for thread, text in process.said if text.startswith("[Proxy")]
            workers = {thread for thread, text in process.said if text not in main and not text.startswith("[Proxy")}
            if len(workers) != 1 or len({*proxies, *workers, process.pid}) != 4 or "Comm config" not in main[-1]:
                yield f"{process.host} {process.pid}: {workers}, {proxies}"
            if process.find(r"Bootstrap: Using (\S+)")[1] != process.find(r"NET/IB : .*; OOB (\S+)")[1]:
                yield f"{process.host}: two addresses"


def lines_are_in_order(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """Each process tells its story in NCCL's order; several of them get into each other's words."""
    for comm in found:
        for process in comm.processes:
            places = [next(i for i, (_, t) in enumerate(process.said) if re.match(form, t)) for form in ORDER]
            yield from (f"{ORDER[i]} after {ORDER[i + 1]}" for i, (a, b) in enumerate(pairwise(places)) if a >= b)


def channels_agree(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """Rings, trees and counts speak of as many channels as the trainer; a ring goes through every rank once."""
    for comm in found:
        for process in comm.processes:
            counts = process.find(COUNTS)
            if {counts[1], counts[2], str(len(process.trees)), comm.made[4] or counts[1]} != {counts[1]}:
                yield f"{counts[0]}; {len(process.trees)} trees; {comm.made[0]}"
            if process.find(r"NVLS multicast .*NVLS_NCHANNELS (\d+)")[1] != counts[3]:
                yield counts[0]
            rings = list(process.all(r"Channel (\d+)/(\d+) :([^\[]*)$"))
            if (len(rings) == int(counts[1])) != (process.rank == 0) or (rings and process.rank):
                yield f"{len(rings)} rings of rank {process.rank}"
            ranks = int(process.find(NAMED)[3])
            for number, one in enumerate(rings):
                order = [int(rank) for rank in one[3].removesuffix("...").split()]
                whole = not one[3].endswith("...")
                if (
                    int(one[1]) != number
                    or int(one[2]) != int(counts[1])
                    or (whole and sorted(order) != list(range(ranks)))
                ):
                    yield one[0]
                if order[0] or len(set(order[:-1])) != len(order) - 1:
                    yield one[0]


def parents_know_their_children(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """If a rank says that another is its parent, that one lists it as a child, and the other way round."""
    for comm in found:
        for one, other in permutations(comm.processes, 2):
            for channel, ((down, rank, up), (children, parent, _)) in enumerate(
                zip(one.trees, other.trees, strict=True)
            ):
                if (up == parent) != (rank in children) or rank in down or up in down:
                    yield f"channel {channel}: {down}->{rank}->{up} and {children}->{parent}"
        for process in comm.processes:
            if any(rank != process.rank for _, rank, _ in process.trees):
                yield f"rank {process.rank} has another's trees"


def sizes_follow(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """Thresholds are eight times the ranks; chunks are smaller between nodes; the version is the trainer's."""
    version = next((m[1] for line in lines if (m := re.search(r"PyTorch \S+, CUDA \S+, NCCL (\S+),", line))), None)
    for comm in found:
        for process in comm.processes:
            _, _, ranks, nodes, *_ = (process.find(LAID)[group] for group in range(1, 8))
            if process.find(r"threadThresholds 8/8/64 \| (\d+)/8/64")[1] != str(8 * int(ranks)):
                yield f"{ranks} ranks: {process.find('threadThresholds')[0]}"
            chunk = process.find(r"P2P Chunksize set to (\d+)")[1]
            if chunk not in {"131072", "524288"} or (int(nodes) > 1 and chunk != "131072"):
                yield f"{nodes} nodes: {chunk}"
            if process.find(r"NCCL version (\S+)")[1] != version:
                yield f"{process.find('NCCL version .*')[0]} with {version}"


def timings_add_up(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """Parts add up to their totals, the bootstrap's total is its part of the init's, the init fits the trainer's."""
    for comm in found:
        for process in comm.processes:
            took = process.find(r"Init timings .* total ([\d.]+) \((.*)\)")
            parts = {name: float(value) for name, value in re.findall(r"(\w+) ([\d.]+)", took[2])}
            if abs(sum(parts.values()) - float(took[1])) > 0.005 * (len(parts) + 1):
                yield took[0]
            if comm.made[5] and float(took[1]) > float(comm.made[5]) + 0.005:
                yield f"{took[0]}, in {comm.made[5]} s"
            boot = process.find(r"Bootstrap timings total ([\d.]+) \((.*)\)")
            inner = [float(value) for value in re.findall(r"\w+ ([\d.]+)", boot[2])]
            if sum(inner) > float(boot[1]) or not isclose(sum(inner), float(boot[1]), abs_tol=0.005):
                yield boot[0]
            if abs(parts["bootstrap"] - float(boot[1])) > 0.006:
                yield f"{boot[0]}; {took[0]}"


def ring_of(comm: Communicator, channel: int) -> list[int] | None:
    """A channel's ring, if rank 0 has told it to its end."""
    for process in comm.processes:
        for match in process.all(r"Channel (\d+)/\d+ :([ \d]*)$"):
            if int(match[1]) == channel:
                return [int(rank) for rank in match[2].split()]
    return None


def connections_follow_the_graph(found: list[Communicator], lines: list[str]) -> Iterator[str]:
    """With the first collectives each rank connects its rings, then its trees, to whom the graph says, once.

    A process that has been given the time for it says that it is done; between domains it goes by the network, and
    devices are those of the ranks' machines.
    """
    for comm in found:
        for process in comm.processes:
            texts = [text for _, text in process.connecting]
            done = [text for text in texts if text.startswith("Connected all")]
            if done and [text.split(",")[0] for text in done] != ["Connected all rings", "Connected all trees"]:
                yield f"rank {process.rank}: {done}"
            if done:
                yield from _links(comm, process, texts)


def _links(comm: Communicator, process: Process, texts: list[str]) -> Iterator[str]:
    at = next(i for i, text in enumerate(texts) if text.startswith("Connected all rings"))
    rank, local = process.rank, int(process.find(LAID)[5])
    seen: set[tuple[str, str, str]] = set()
    for place, text in enumerate(texts):
        if not text.startswith("Channel"):
            continue
        if not (match := LINK.fullmatch(text)):
            yield text
            continue
        channel, sender, receiver = int(match[1]), int(match[2]), int(match[4])
        if rank not in {sender, receiver} or (match[1], match[2], match[4]) in seen:
            yield f"rank {rank}: {text}"
        seen.add((match[1], match[2], match[4]))
        far = sender // local != receiver // local
        if far != match[7].startswith("NET") or far != bool(match[6]) or (not far and sender != rank):
            yield f"{text}, {local} ranks in a domain"
        if far and (match[6] == "send") != (sender == rank):
            yield text
        if int(match[3 if sender == rank else 5]) != process.device:
            yield f"{text}, device {process.device}"
        children, _, up = process.trees[channel]
        if place > at and not {sender, receiver} <= {rank, up, *children}:
            yield f"rank {rank}: {text}, {children}->{rank}->{up}"
        if place < at and (ring := ring_of(comm, channel)) and ring[ring.index(sender) - len(ring) + 1] != receiver:
            yield f"{text}, the ring is {ring}"


RULES = (
    ids_are_one,
    ranks_are_where_they_are,
    threads_keep_their_work,
    lines_are_in_order,
    channels_agree,
    parents_know_their_children,
    sizes_follow,
    timings_add_up,
    connections_follow_the_graph,
)
