"""Files as Caffe2 writes them, and the networks in them, computed from their blobs."""

import pickle
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

BLOCKS = (3, 4, 6, 3)
EPS = 1e-5
PYTHON_2 = 0  # the protocol that stands for what Python 2 writes with protocol 2

Blobs = Mapping[str, object]


def pathway_names(prefix: str = "") -> Iterator[str]:
    """The names of the stem and of the stages of a ResNet of 50 layers, a layer after the other."""
    yield from _layer(f"{prefix}conv1", f"{prefix}res_conv1")
    for stage, blocks in enumerate(BLOCKS, 2):
        for block in range(blocks):
            for branch in ("branch2a", "branch2b", "branch2c", *(["branch1"] * (block == 0))):
                yield from _layer(*[f"{prefix}res{stage}_{block}_{branch}"] * 2)


def lateral_names() -> Iterator[str]:
    """The names of the convolutions that join the pathways of a SlowFast of 50 layers."""
    for source in LATERALS:
        yield from _layer(*[f"{source}_subsample"] * 2)


LATERALS = ("t_pool1", *(f"t_res{n}_{BLOCKS[n - 2] - 1}_branch2c_bn" for n in (2, 3, 4)))


def _layer(convolution: str, norm: str) -> Iterator[str]:
    yield f"{convolution}_w"
    yield from (f"{norm}_bn_{part}" for part in ("s", "b", "rm", "riv"))


def pickled(content: Mapping[str, object], protocol: int) -> bytes:
    """The file that holds `content`."""
    if protocol != PYTHON_2:
        return pickle.dumps(content, protocol)
    return b"\x80\x02" + b"".join(_python2(content, {})) + b"."


def _python2(value: object, seen: dict[str, int]) -> Iterator[bytes]:
    """The operations of Python 2 for a value; `seen` numbers the strings that are in its memo."""
    if isinstance(value, Mapping):
        yield b"}("
        for key, item in value.items():
            yield from _python2(key, seen)
            yield from _python2(item, seen)
        yield b"u"
    elif isinstance(value, str) and value in seen:
        yield b"j" + seen[value].to_bytes(4, "little")
    elif isinstance(value, str):
        seen[value] = len(seen)
        yield _string(value.encode()) + b"r" + seen[value].to_bytes(4, "little")
    elif isinstance(value, int):
        yield b"J" + value.to_bytes(4, "little", signed=True)
    else:
        array = np.asarray(value)
        yield b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R("
        yield b"K\x01("
        yield from (b"J" + size.to_bytes(4, "little") for size in array.shape)
        yield b"tcnumpy\ndtype\nU\x02" + array.dtype.str[1:].encode() + b"K\x00K\x01\x87R"
        yield b"(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        yield b"\x89" + _string(array.tobytes()) + b"tb"


def _string(content: bytes) -> bytes:
    if len(content) < 256:
        return b"U" + bytes([len(content)]) + content
    return b"T" + len(content).to_bytes(4, "little") + content


def logits(blobs: Mapping[str, Tensor], clip: Tensor, *, pools: bool = False) -> Tensor:
    """The logits of a ResNet over a clip, N x 3 x T x H x W; if it `pools`, after stage res2."""
    x = _stem(blobs, "", clip)
    for stage in range(2, 6):
        x = _stage(blobs, f"res{stage}", x)
        if pools and stage == 2:
            x = functional.max_pool3d(x, (2, 1, 1))
    return functional.linear(x.mean(dim=(2, 3, 4)), blobs["pred_w"], blobs["pred_b"])


def slowfast_logits(blobs: Mapping[str, Tensor], slow: Tensor, fast: Tensor) -> Tensor:
    """The logits of a SlowFast over the clips of both pathways."""
    ratio = fast.shape[2] // slow.shape[2]
    slow, fast = _stem(blobs, "", slow), _stem(blobs, "t_", fast)
    for stage, source in enumerate(LATERALS, 2):
        name = f"{source}_subsample"
        weight = blobs[f"{name}_w"]
        padding = (weight.shape[2] // 2, 0, 0)
        joined = functional.conv3d(fast, weight, stride=(ratio, 1, 1), padding=padding)
        joined = functional.relu(_norm(blobs, name, joined))
        slow = _stage(blobs, f"res{stage}", torch.cat((slow, joined), dim=1))
        fast = _stage(blobs, f"t_res{stage}", fast)
    means = torch.cat([x.mean(dim=(2, 3, 4)) for x in (slow, fast)], dim=1)
    return functional.linear(means, blobs["pred_w"], blobs["pred_b"])


def _norm(blobs: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    """The operator SpatialBN in a test: riv is the variance."""
    scale, bias, mean, variance = (
        blobs[f"{name}_bn_{part}"].view(-1, 1, 1, 1) for part in ("s", "b", "rm", "riv")
    )
    return (x - mean) * (1 / torch.sqrt(variance + EPS)) * scale + bias


def _convolve(blobs: Mapping[str, Tensor], name: str, x: Tensor, stride: int = 1) -> Tensor:
    weight = blobs[f"{name}_w"]
    padding = tuple(size // 2 for size in weight.shape[2:])
    return functional.conv3d(x, weight, stride=(1, stride, stride), padding=padding)


def _stem(blobs: Mapping[str, Tensor], prefix: str, clip: Tensor) -> Tensor:
    x = _convolve(blobs, f"{prefix}conv1", clip, stride=2)
    x = functional.relu(_norm(blobs, f"{prefix}res_conv1", x))
    return functional.max_pool3d(x, (1, 3, 3), (1, 2, 2), (0, 1, 1))


def _stage(blobs: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    block = 0
    while f"{name}_{block}_branch2a_w" in blobs:
        at = f"{name}_{block}_branch"
        stride = 2 if block == 0 and not name.endswith("res2") else 1
        y = functional.relu(_norm(blobs, f"{at}2a", _convolve(blobs, f"{at}2a", x)))
        y = functional.relu(_norm(blobs, f"{at}2b", _convolve(blobs, f"{at}2b", y, stride)))
        y = _norm(blobs, f"{at}2c", _convolve(blobs, f"{at}2c", y))
        if f"{at}1_w" in blobs:
            x = _norm(blobs, f"{at}1", _convolve(blobs, f"{at}1", x, stride))
        x = functional.relu(x + y)
        block += 1
    return x
