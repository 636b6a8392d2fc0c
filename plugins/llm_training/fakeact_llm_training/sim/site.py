"""Where a run takes place: nodes, names, addresses, process ids, paths, software."""

import random
from functools import lru_cache
from typing import Literal, NamedTuple

from fakeact_llm_training.catalogue import names
from fakeact_llm_training.catalogue.records import Dataset, Gpu, Model
from fakeact_llm_training.sim.kinds import Kind

Tone = Literal["serious", "silly"]


class Versions(NamedTuple):
    """Software of the same months; `cuda` is torch's, `driver_cuda` what nvidia-smi shows (ROCm on AMD)."""

    torch: str
    cuda: str
    nccl: str
    driver: str
    driver_cuda: str
    python: str


# torch, its CUDA, its NCCL, drivers of the same months. NCCL as bundled in the wheels.
NVIDIA_STACKS = (
    ("2.6.0+cu124", "12.4", "2.21.5+cuda12.4", ("550.90.07", "550.127.08", "560.35.03")),
    ("2.7.1+cu128", "12.8", "2.26.2+cuda12.2", ("570.124.06", "570.133.20")),
    ("2.8.0+cu128", "12.8", "2.27.3+cuda12.9", ("570.148.08", "570.172.08")),
    ("2.9.1+cu128", "12.8", "2.27.5+cuda12.9", ("570.195.03", "580.82.07", "580.95.05")),
)
# For frameworks that need it. Releases between are drawn nowhere: where their C++ stands in its source is not known.
NEWEST_NVIDIA = (("2.12.0+cu130", "13.0", "2.29.7+cuda13.2", ("580.95.05", "580.105.08", "580.126.09", "590.48.01")),)
# RCCL as its own banner says it: 2.21.5 with ROCm 6.3, 2.22.3 with 6.4.
AMD_STACKS = (
    ("2.7.1+rocm6.3", "6.3", "2.21.5+hip6.3", ("6.10.5",)),
    ("2.9.1+rocm6.4", "6.4", "2.22.3+hip6.4", ("6.12.12",)),
)
NEWEST_AMD = (("2.12.0+rocm7.2", "7.2", "2.27.7+hip7.2", ("6.16.13",)),)
# The CUDA version that nvidia-smi shows with a driver's branch.
DRIVER_CUDA = {"550": "12.4", "560": "12.6", "570": "12.8", "580": "13.0", "590": "13.1"}
PYTHONS = ("3.10.12", "3.11.11", "3.12.3", "3.12.8")
MASTER_PORTS = (29500, 29500, 29400, 29501, 6000, 12355)

# Hosts named after addresses: their last number has three digits, so that the names' order is the nodes' order.
FIRST_ADDRESS, MOST_ADDRESSES = 90, 100


class Paths(NamedTuple):
    """Where a run reads and writes; `folder` holds the script."""

    mount: str
    folder: str
    output: str
    checkpoints: str
    dataset: str
    tokenizer: str
    script: str

    def checkpoint(self, step: int) -> str:
        """The directory of the checkpoint after `step` steps."""
        return f"{self.checkpoints}/step-{step:07d}"


class Site(NamedTuple):
    """The nodes of a job and what they are called; names and ids are computed when asked for."""

    cluster: str
    domain: str
    pattern: str
    nodes: int
    gpus_per_node: int
    first_node: int
    subnet: int
    per_rack: int
    pid_seed: int
    bus_ids: tuple[str, ...]
    master_port: int
    job_id: int
    run_name: str
    versions: Versions
    paths: Paths

    def host(self, node: int) -> str:
        """The short name of node `node` (from 0) of this job."""
        number = self.first_node + node
        rack, slot = divmod(number - 1, self.per_rack)
        p, a, b = self._address(node)
        return self.pattern.format(node=number, rack=rack + 1, slot=slot + 1, p=p, a=a, b=b)

    def address(self, node: int) -> str:
        """The cluster-internal address of a node."""
        return "10.{}.{}.{}".format(*self._address(node))

    def _address(self, node: int) -> tuple[int, int, int]:
        upper, lower = divmod(self.first_node + node, 240)
        return self.subnet, upper, lower + 10

    @property
    def hosts(self) -> tuple[str, ...]:
        """All nodes' names in rank order."""
        return _hosts(self)

    @property
    def addresses(self) -> tuple[str, ...]:
        """All nodes' addresses in rank order."""
        return tuple(map(self.address, range(self.nodes)))

    def agent_pid(self, node: int, attempt: int = 0) -> int:
        """The launcher's process id on a node, started for that attempt; all ids are apart."""
        return _later(self._agent_pid(node), attempt, self.pid_seed)

    def _agent_pid(self, node: int) -> int:
        # Both moduli are primes; with 4,194,304 as the highest process id, small jobs get the wider spacing.
        slots, spacing = (4093, 997) if self.nodes <= 4093 else (32771, 97)
        return 2000 + (node * 1663 + self.pid_seed) % slots * spacing + self.pid_seed % 89

    def pid(self, rank: int, attempt: int = 0) -> int:
        """A worker's process id: the launcher spawns a node's workers one after the other, at each attempt anew."""
        node, local = divmod(rank, self.gpus_per_node)
        dice = (node * 2654435761 + self.pid_seed * 40503 + attempt * 1597334677) % 2**32
        # The launcher has threads and helpers by then, a node more than another; some come between two workers.
        before, most = (18, 240) if self.nodes <= 4093 else (3, 40)
        helpers = sum(not dice >> 3 * place & 7 for place in range(1, local + 1))
        return _later(self._agent_pid(node) + before + (dice >> 13) % most + local + helpers, attempt, self.pid_seed)

    def comm_id(self, attempt: int = 0) -> int:
        """The 64-bit id of the attempt's communicator."""
        return random.Random(f"{self.pid_seed} {self.job_id} communicator {attempt}").getrandbits(63) | 1 << 63

    def bus_id(self, rank: int) -> str:
        """PCI address as nvidia-smi writes it."""
        bus = self.bus_ids[rank % self.gpus_per_node]
        return f"000000{bus}:00.0" if ":" in bus else f"00000000:{bus}:00.0"


def _later(pid: int, attempt: int, seed: int) -> int:
    """An id given out some thousand processes and threads later, below Linux' 4,194,304."""
    return 1001 + (pid - 1001 + attempt * (7919 + seed % 9973)) % 4_190_000


@lru_cache(maxsize=2)
def _hosts(site: Site) -> tuple[str, ...]:
    return tuple(map(site.host, range(site.nodes)))


def draw_site(
    rng: random.Random, model: Model, gpu: Gpu, dataset: Dataset, *, kind: Kind, nodes: int, per_node: int, tone: Tone,
    newest_torch: bool = False,
) -> Site:  # fmt: skip
    """Name everything; nothing here has an influence on a figure. Some frameworks need the `newest_torch`."""
    words = names()
    silly = tone == "silly"
    cluster = rng.choice(words.silly_clusters if silly else words.clusters)
    run_name = _run_name(rng, model, dataset, tone)
    pattern = rng.choice(words.silly_host_patterns) if silly else _host_pattern(rng, gpu, nodes)
    return Site(
        cluster=cluster,
        domain=rng.choice(words.domains),
        pattern=pattern,
        nodes=nodes,
        gpus_per_node=per_node,
        first_node=rng.randint(FIRST_ADDRESS if pattern.startswith("ip-") else 1, 120),
        subnet=rng.randint(1, 250),
        per_rack=18 if gpu.cooling == "liquid" else rng.choice((4, 8)),
        pid_seed=rng.randrange(10**6),
        bus_ids=rng.choice(gpu.bus_ids),
        master_port=rng.choice(MASTER_PORTS),
        job_id=rng.randint(10_000, 9_999_999),
        run_name=run_name,
        versions=_versions(rng, gpu, newest_torch=newest_torch),
        paths=_paths(rng, _places(rng, kind, cluster, run_name), model, dataset),
    )


def _host_pattern(rng: random.Random, gpu: Gpu, nodes: int) -> str:
    branded = gpu.vendor == "nvidia" and gpu.per_node == 8 and gpu.busbw_node > 100
    unfit = (*(() if branded else ("dgx", "hgx")), *(("ip-",) if nodes > MOST_ADDRESSES else ()))
    return rng.choice([pattern for pattern in names().host_patterns if not pattern.startswith(unfit)])


def _run_name(rng: random.Random, model: Model, dataset: Dataset, tone: Tone) -> str:
    words = names()
    if tone == "silly":
        return rng.choice(words.silly_run_names)
    return rng.choice(words.run_names).format(
        model=model.slug,
        data=dataset.name.rsplit("/")[-1].lower(),
        adjective=rng.choice(words.run_adjectives),
        noun=rng.choice(words.run_nouns),
        small=rng.randint(1, 9),
        middle=rng.randint(1, 40),
        large=rng.randint(2, 480),
    )


def _places(rng: random.Random, kind: Kind, cluster: str, run_name: str) -> tuple[str, str, str]:
    """Where the file system is mounted, where the script is, where the run writes."""
    words = names()
    mount = rng.choice(words.mounts).format(cluster=cluster)
    project = rng.choice(words.tuning_projects if kind == "finetune" else words.projects)
    user, (folder, output) = rng.choice(words.users), rng.choice(words.layouts)
    given = {"mount": mount, "project": project, "user": user, "run": run_name}
    return mount, folder.format(**given), output.format(**given)


def _paths(rng: random.Random, places: tuple[str, str, str], model: Model, dataset: Dataset) -> Paths:
    words, (mount, folder, output) = names(), places
    corpus = dataset.name.rsplit("/")[-1].lower()
    return Paths(
        mount=mount,
        folder=folder,
        output=output,
        checkpoints=f"{output}/{rng.choice(words.checkpoint_folders)}",
        dataset=f"{mount}/{rng.choice(words.data_folders)}/{corpus}/{model.tokenizer.key}-packed",
        tokenizer=f"{mount}/tokenizers/{model.slug}",
        script="train.py",
    )


def _versions(rng: random.Random, gpu: Gpu, *, newest_torch: bool) -> Versions:
    blackwell = gpu.slug in {"b200", "gb200"}
    stacks = AMD_STACKS if gpu.vendor == "amd" else NVIDIA_STACKS[1 if blackwell else 0 :]
    newest = NEWEST_AMD if gpu.vendor == "amd" else NEWEST_NVIDIA
    torch, cuda, nccl, drivers = rng.choice(newest if newest_torch else stacks)
    driver = rng.choice(drivers)
    driver_cuda = cuda if gpu.vendor == "amd" else DRIVER_CUDA[driver.split(".")[0]]
    return Versions(torch, cuda, nccl, driver, driver_cuda, rng.choice(PYTHONS[1:] if newest_torch else PYTHONS))
