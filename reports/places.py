"""Where a result holds: the cases of a claim in words, as few as tell them apart."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bench.claims.verdicts import CaseResult
from suites import Claim
from suites.claim import Side

Values = tuple[Any, ...]

# Data sets of published accuracies, whose names are told.
DATASETS = {
    "something-something-v1": "Something-Something v1",
    "something-something-v2": "Something-Something v2",
    "kinetics-400": "Kinetics-400",
    "moments-in-time": "Moments in Time",
    "mini-something-something-v2": "mini Something-Something v2",
    "mini-kinetics-400": "mini Kinetics-400",
    "mini-moments-in-time": "mini Moments in Time",
}


def enumerate_words(words: Sequence[str]) -> str:
    """The words as a list in English: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _datasets(values: Values) -> str:
    return f"on {_list(DATASETS[value] for value in values)}"


def _depths(values: Values) -> str:
    return f"at depth{'s' if len(values) > 1 else ''} {_list(values)}"


def _frames(values: Values) -> str:
    text = f"{min(values)} to {max(values)}" if len(values) > 2 else _list(values)
    return f"over {text} frame{'' if values == (1,) else 's'}"


def _modes(values: Values) -> str:
    names = {"train": "training", "infer": "inference"}
    return f"in {_list(names[value] for value in values)}"


def _precisions(values: Values) -> str:
    return f"with {_list(values)}"


def _seeds(values: Values) -> str:
    return f"with seed{'s' if len(values) > 1 else ''} {_list(values)}"


def _list(values: Iterable[Any]) -> str:
    return enumerate_words([str(value) for value in values])


TEXTS: dict[str, Callable[[Values], str]] = {
    "dataset": _datasets,
    "depth": _depths,
    "frames": _frames,
    "mode": _modes,
    "precision": _precisions,
    "seed": _seeds,
}


def order(case: CaseResult) -> Values:
    """The key by which cases are sorted: `describe` tells them in this order."""
    fields = [getattr(case.case, name) for name in TEXTS]
    known = list(DATASETS).index(fields[0]) if fields[0] in DATASETS else 0
    return (known, *(value or 0 for value in fields[1:]))


def describe(cases: Sequence[CaseResult], among: Iterable[CaseResult]) -> str:
    """The cases in words, such as `at depth 50 over 8 to 64 frames`, without their machine.

    A field is told if it differs `among` all cases; the depth and a well-known data set always.
    Where the first side of the claim names its depth and frames, these are told.
    """
    rows = [case.case for case in among]
    told = [name for name in TEXTS if len({getattr(row, name) for row in rows}) > 1]
    is_known = all(row.dataset in DATASETS for row in rows)
    told = ["dataset"] * is_known + [name for name in told if name != "dataset"]
    if rows[0].depth is not None and "depth" not in told:
        told.insert(int(is_known), "depth")
    own = dict.fromkeys(
        tuple(getattr(case.case, name) for name in told) for case in sorted(cases, key=order)
    )
    side = describe_side(cases[0].claim.numerator, told_frames=not is_gain(cases[0].claim))
    return " ".join(filter(None, (side, enumerate_words(_describe(list(own), told)))))


def describe_side(side: Side, *, told_frames: bool = True) -> str:
    """The depth and, if `told_frames`, the frames of a side that names both, else ""."""
    if side.depth is None or side.frames is None:
        return ""
    return _depths((side.depth,)) + (f" {_frames((side.frames,))}" if told_frames else "")


def is_gain(claim: Claim) -> bool:
    """Whether a claim limits what one network gains from more frames than its first side has."""
    first, last = claim.sides[0], claim.sides[-1]
    is_one = (first.network, first.depth, first.options) == (last.network, last.depth, last.options)
    return is_one and (first.frames or 0) < (last.frames or 0)


def _describe(keys: Sequence[Values], names: Sequence[str]) -> list[str]:
    """A text for each set of keys that is a product of the values of its fields."""
    if not names:
        return []
    rests: dict[Any, list[Values]] = {}
    for value, *rest in keys:
        rests.setdefault(value, []).append(tuple(rest))
    alike: dict[tuple[Values, ...], list[Any]] = {}
    for value, own in rests.items():
        alike.setdefault(tuple(own), []).append(value)
    texts = []
    for shared, values in alike.items():
        head = TEXTS[names[0]](tuple(values))
        tails = _describe(shared, names[1:])
        texts.append(" ".join(filter(None, (head, enumerate_words(tails)))))
    return texts
