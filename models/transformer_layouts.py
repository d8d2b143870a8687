"""Layouts of checkpoints of transformers: the names that their authors and model zoos give weights.

Our names are those of the libraries that build the networks: torchvision and transformers.
"""

from models.layouts import Layout, Rule

Rules = tuple[Rule, ...]

BODY: Rule = (r"^network\.", "")  # of the adapters

MLP: Rules = ((r"\.mlp\.0\.", ".mlp.fc1."), (r"\.mlp\.3\.", ".mlp.fc2."))
MMACTION2_HEAD = "cls_head.fc_cls."

SWIN: Rules = (
    BODY,
    (r"^patch_embed\.", "backbone.patch_embed."),
    *((rf"^features\.{2 * n}\.", f"backbone.layers.{n}.blocks.") for n in range(4)),
    *((rf"^features\.{2 * n + 1}\.", f"backbone.layers.{n}.downsample.") for n in range(3)),
    *MLP,
    (r"^head\.", MMACTION2_HEAD),
)
# MMAction2 numbers its last norm; the authors' repository, from which it came, does not.
SWIN_LAYOUTS = tuple(
    Layout((*SWIN, (r"^norm\.", f"backbone.{norm}."))) for norm in ("norm3", "norm")
)

MVIT: Rules = (
    BODY,
    (r"^pos_encoding\.class_token$", "cls_token [0] [0]"),
    (r"^pos_encoding\.class_pos$", "pos_embed_class [0] [0]"),
    (r"^pos_encoding\.(spatial|temporal)_pos$", r"pos_embed_\1 [0]"),
    (r"\.attn\.project\.0\.", ".attn.proj."),
    (r"\.attn\.pool_([qkv])\.pool\.", r".attn.pool_\1."),
    (r"\.attn\.pool_([qkv])\.norm_act\.0\.", r".attn.norm_\1."),
    *MLP,
    (r"^(blocks\.\d+)\.project\.", r"\1.proj."),
)
# Queries, keys and values of one layer each, which ours has in one.
QKV: Rule = (r"(.*)\.qkv\.(.*)", r"\1.q.\2 + \1.k.\2 + \1.v.\2")
SLOWFAST_MVIT: Rules = (
    *MVIT,
    (r"^conv_proj\.", "patch_embed.proj."),
    (r"^head\.1\.", "head.projection."),
)
PYTORCHVIDEO_MVIT: Rules = (
    *MVIT,
    (r"^conv_proj\.", "patch_embed.patch_model."),
    (r"^(cls_token|pos_embed_)", r"cls_positional_encoding.\1"),
    (r"^norm\.", "norm_embed."),
    (r"^head\.1\.", "head.proj."),
)
MMACTION2_MVIT: Rules = (
    *MVIT,
    (r"^conv_proj\.", "patch_embed.projection."),
    (r"^norm\.", "norm3."),
    (r"^(?!head\.)", "backbone."),
    (r"^head\.1\.", MMACTION2_HEAD),
)
MVIT_LAYOUTS = (
    Layout(SLOWFAST_MVIT),
    Layout((*SLOWFAST_MVIT, QKV)),
    Layout(PYTORCHVIDEO_MVIT),
    Layout((*PYTORCHVIDEO_MVIT, QKV)),
    Layout(MMACTION2_MVIT),
)

# The repositories of VideoMAE and TimeSformer name weights as timm does.
TIMM: Rules = (
    BODY,
    (r"^\w+\.embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^\w+\.encoder\.layer\.", "blocks."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.intermediate\.dense\.", ".mlp.fc1."),
    (r"(^|_|\.)attention\.output\.dense\.", r"\1attn.proj."),
    (r"\.output\.dense\.", ".mlp.fc2."),
    (r"^classifier\.", "head."),
)
VIDEOMAE_RULES: Rules = (
    *TIMM,
    (r"\.attention\.attention\.query\.bias$", ".attn.q_bias"),
    (r"\.attention\.attention\.value\.bias$", ".attn.v_bias"),
    *(
        (rf"\.attention\.attention\.{name}\.weight$", f".attn.qkv.weight [{position}/3]")
        for position, name in enumerate(("query", "key", "value"))
    ),
)
VIDEOMAE = Layout(VIDEOMAE_RULES)
TIMESFORMER_RULES: Rules = (
    *TIMM,
    (r"^\w+\.embeddings\.cls_token$", "cls_token"),
    (r"^\w+\.embeddings\.position_embeddings$", "pos_embed"),
    (r"^\w+\.embeddings\.time_embeddings$", "time_embed"),
    (r"\.temporal_layernorm\.", ".temporal_norm1."),
    (r"\.temporal_dense\.", ".temporal_fc."),
    (r"attention\.attention\.qkv\.", "attn.qkv."),
    (r"^\w+\.layernorm\.", "norm."),
)
TIMESFORMER = Layout(TIMESFORMER_RULES)
MMACTION2_VIT: Rules = (
    (r"^patch_embed\.proj\.", "patch_embed.projection."),
    (r"\.mlp\.fc1\.", ".mlp.layers.0.0."),
    (r"\.mlp\.fc2\.", ".mlp.layers.1."),
    (r"^(?!head\.)", "backbone."),
    (r"^head\.", MMACTION2_HEAD),
)
MMACTION2_VIDEOMAE = Layout(
    (*VIDEOMAE_RULES, *MMACTION2_VIT),
    fixed=(("backbone.pos_embed", "network.videomae.embeddings.position_embeddings"),),
)
MMACTION2_TIMESFORMER = Layout(
    (
        *TIMESFORMER_RULES,
        (r"\.temporal_norm1\.", ".attentions.0.norm."),
        (r"\.temporal_attn\.", ".attentions.0.attn."),
        (r"\.temporal_fc\.", ".attentions.0.temporal_fc."),
        (r"(\d)\.norm1\.", r"\1.attentions.1.norm."),
        (r"(blocks\.\d+)\.attn\.", r"\1.attentions.1.attn."),
        (r"\.attn\.qkv\.", ".attn.in_proj_"),
        (r"\.attn\.proj\.", ".attn.out_proj."),
        (r"\.norm2\.", ".ffns.0.norm."),
        (r"\.mlp\.fc1\.", ".ffns.0.layers.0.0."),
        (r"\.mlp\.fc2\.", ".ffns.0.layers.1."),
        (r"^blocks\.", "transformer_layers.layers."),
        *MMACTION2_VIT,
    )
)
