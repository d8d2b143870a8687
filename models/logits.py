"""The logits, N x classes, in what a network returns: a tensor, a tuple, a dict or an object."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from models.errors import NetworkError

USUAL_NAMES = (
    *("logits", "cls_score", "scores", "out", "output", "outputs"),
    *("pred", "preds", "prediction", "predictions"),
)


def find_logits(answer: Any, num_classes: int, name: str = "") -> tuple[Tensor, str]:
    """The logits in `answer`, and where they are; "" for a tensor, which is the logits itself.

    `name` is a key, an attribute, or the index in a sequence. Without one, they are what has a
    usual name, else the first tensor of a sequence that is N x `num_classes`, else the only such
    tensor. Raises `NetworkError` with the names to choose from.
    """
    if isinstance(answer, Tensor):
        return answer, ""
    parts = _parts(answer)
    fitting = [key for key, part in parts.items() if _fits(part, num_classes)]
    if name:
        part = parts.get(name)
        if isinstance(part, Tensor):
            return part, _place(name)
        known = ", ".join(key for key, one in parts.items() if isinstance(one, Tensor)) or "none"
        raise NetworkError(
            f"returns {describe(answer)}, without a tensor {name!r}: its tensors are {known}"
        )
    usual = [key for key in USUAL_NAMES if key in fitting]
    chosen = usual or (fitting if len(fitting) == 1 or _is_sequence(answer) else [])
    if not chosen:
        advice = (
            f"name its logits with --output: {' or '.join(fitting)}"
            if fitting
            else f"let forward return its logits, clips x classes, here N x {num_classes}"
        )
        raise NetworkError(f"returns {describe(answer)}: {advice}")
    return parts[chosen[0]], _place(chosen[0])


def describe(answer: Any) -> str:
    """What a network returns, in a few words."""
    kind = type(answer).__name__
    if isinstance(answer, Mapping):
        return f"{kind} of {', '.join(map(str, answer))}"
    return f"{kind} of {len(answer)}" if _is_sequence(answer) else kind


def _parts(answer: Any) -> dict[str, Any]:
    """The parts of `answer` by name, or by their number."""
    if isinstance(answer, Mapping):
        return {str(key): part for key, part in answer.items()}
    if _is_sequence(answer):
        names = getattr(answer, "_fields", range(len(answer)))
        return {str(key): part for key, part in zip(names, answer, strict=True)}
    return dict(getattr(answer, "__dict__", {}))


def _place(key: str) -> str:
    return f"number {key}" if key.isdigit() else repr(key)


def _is_sequence(answer: Any) -> bool:
    return isinstance(answer, Sequence) and not isinstance(answer, str)


def _fits(part: Any, num_classes: int) -> bool:
    return isinstance(part, Tensor) and part.dim() == 2 and part.shape[1] == num_classes
