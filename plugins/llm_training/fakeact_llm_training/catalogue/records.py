"""What the catalogue's tables hold, row by row.

Named tuples, here and in what a scenario is made of: they are imported before a show's first line, and a
frozen dataclass takes a millisecond to define, five times as long.
"""

from typing import Literal, NamedTuple


class Tokenizer(NamedTuple):
    """A tokenizer family; `tokens_ratio` is tokens per English text relative to GPT-2's."""

    key: str
    name: str
    vocab: int
    tokens_ratio: float


class Experts(NamedTuple):
    """A mixture of experts: `routed` ones per layer, of which `per_token` work on each token."""

    routed: int
    per_token: int
    ffn: int
    shared: int = 0
    dense_layers: int = 0
    router_bias: bool = False


class LatentAttention(NamedTuple):
    """Multi-head latent attention as in DeepSeek-V2/V3: ranks of the compressed query and key-value."""

    q_rank: int
    kv_rank: int
    nope_dim: int
    rope_dim: int
    value_dim: int


class Model(NamedTuple):
    """A published decoder-only architecture; `published` parameters, `exact` if given to the last digit."""

    name: str
    slug: str
    organisation: str
    released: int
    tokenizer: Tokenizer
    layers: int
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    context: int
    published: int
    exact: bool
    peak_lr: float
    gated_mlp: bool = True
    tied_embeddings: bool = False
    norm: Literal["rms", "layer"] = "rms"
    norms_per_layer: int = 2
    qkv_bias: bool = False
    out_bias: bool = False
    mlp_bias: bool = False
    head_bias: bool = False
    embedding_norm: bool = False
    learned_positions: int = 0
    qk_norm: Literal["", "head", "full"] = ""
    pipeline_slots: int = 0
    experts: Experts | None = None
    latent: LatentAttention | None = None


class Gpu(NamedTuple):
    """An accelerator: memory as nvidia-smi (MiB) and torch (GiB) report it, dense peaks, power, heat, fabric.

    `busbw_*` is the all-reduce bus bandwidth in GB/s, `resistance` the thermal one in kelvin per watt above
    the inlet, `train_clock` the share of the highest SM clock that training runs at, `mfu` what large dense
    models reach.
    """

    name: str
    slug: str
    device: str
    vendor: Literal["nvidia", "amd"]
    memory_mib: int
    memory_gib: float
    bf16_tflops: float
    fp8_tflops: float | None
    power_limit_w: int
    idle_w: int
    slowdown_c: int
    max_sm_mhz: int
    memory_mhz: int
    train_clock: float
    per_node: int
    nic_GBps: float  # noqa: N815 (the unit)
    nic: str
    nic_count: int
    busbw_node: float
    busbw_fabric: float
    mfu: float
    cooling: Literal["air", "liquid"]
    resistance: float
    bus_ids: tuple[tuple[str, ...], ...]
    weight: float


class Dataset(NamedTuple):
    """A corpus: `documents` (None where its card gives none) and `tokens` counted in a tokenizer family.

    `noise` is c in the batch noise c/sqrt(tokens), `loss_shift` its nats above the scaling law's corpus; both
    are estimates. `serious` is False for made-up ones.
    """

    name: str
    title: str
    split: str
    documents: int | None
    tokens: int
    tokenizer: str
    noise: float
    loss_shift: float
    kind: str
    serious: bool


class Recipe(NamedTuple):
    """A whole pre-training run: sequences in a batch, their length, tokens, warm-up steps, learning rate's course."""

    sequences: int = 1024
    length: int = 4096
    tokens: int = 2_000_000_000_000
    warmup: int = 2000
    kind: Literal["cosine", "linear", "wsd"] = "cosine"
    floor: float = 0.1


class Names(NamedTuple):
    """Patterns and words that host names, run names and paths are made of."""

    host_patterns: tuple[str, ...]
    silly_host_patterns: tuple[str, ...]
    domains: tuple[str, ...]
    clusters: tuple[str, ...]
    silly_clusters: tuple[str, ...]
    run_names: tuple[str, ...]
    run_adjectives: tuple[str, ...]
    run_nouns: tuple[str, ...]
    silly_run_names: tuple[str, ...]
    projects: tuple[str, ...]
    tuning_projects: tuple[str, ...]
    users: tuple[str, ...]
    mounts: tuple[str, ...]
    layouts: tuple[tuple[str, str], ...]
    checkpoint_folders: tuple[str, ...]
    data_folders: tuple[str, ...]
    environment_names: tuple[str, ...]
    containers: tuple[tuple[str, str, str, str], ...]
    environments: tuple[tuple[str, str, str, str], ...]
