"""How many tensors a model is made of, as DeepSpeed counts them: matrices, and the small vectors that ZeRO-3 keeps."""

from fakeact_llm_training.catalogue.records import Model
from fakeact_llm_training.sim.model import dense_layers, parameter_table

# Families whose query, key and value are one matrix.
FUSED = ("gpt2", "gpt3", "pythia", "gpt-neox", "bloom", "mpt")


def matrices(model: Model) -> int:
    """Weights that are matrices; tied ones count once."""
    ends = 1 + bool(model.learned_positions) + (not model.tied_embeddings)
    attention = 5 if model.latent else 2 if model.slug.startswith(FUSED) else 4
    dense = dense_layers(model)
    total = ends + attention * model.layers + (3 if model.gated_mlp else 2) * dense
    if experts := model.experts:
        total += (1 + 3 * (experts.routed + experts.shared)) * (model.layers - dense)
    return total


def vectors(model: Model) -> int:
    """Biases and the parameters of norms."""
    norm = 2 if model.norm == "layer" else 1
    fused = model.slug.startswith(FUSED)
    layer = norm * model.norms_per_layer + 2 * bool(model.latent or model.qk_norm) + model.out_bias
    layer += model.qkv_bias * (1 if fused else 3)
    sparse = bool(model.experts and model.experts.router_bias) * (model.layers - dense_layers(model))
    ends = norm * (1 + model.embedding_norm) + model.head_bias
    return layer * model.layers + 2 * model.mlp_bias * dense_layers(model) + sparse + ends


def vector_parameters(model: Model) -> int:
    """Parameters in those vectors."""
    return sum(row.vectors * row.copies for row in parameter_table(model))
