"""What raw samples say: their median with an interval, their spread, and why to doubt them.

Functions of samples in the order they were taken. Thresholds are shares of the median.
"""

import math
import statistics
from collections.abc import Sequence

MIN_SAMPLES = 6  # the range of fewer does not cover a median with 95 % probability
CONFIDENCE = 0.95
WIDE = 0.05  # an interval that reaches farther from the median cannot tell costs of 10 % apart
DRIFT = 0.05  # over all samples; a smaller one is lost in what differs from machine to machine
DRIFT_Z = 2.6  # standard deviations: 1 steady series in 100 looks like drifting
GAP = 7.0  # distance between two groups in units of their spread; one bell's halves are 2.7 apart
GAP_SHARE = 0.05  # groups nearer than this do not matter
GROUP_SHARE = 0.25  # fewer samples than this share are outliers, not a group
MIN_GROUP = 4


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """Where the median lies with at least 95 % probability: two of the samples.

    Assumes nothing of how the samples spread. The lowest and the highest for fewer than
    `MIN_SAMPLES`, which covers less: see `doubts`.
    """
    ordered = sorted(samples)
    outside, cut = 0.0, 0
    for below in range(len(ordered) // 2):  # samples below the median: binomial, of one half
        outside += 2 * math.comb(len(ordered), below) / 2 ** len(ordered)
        if outside > 1 - CONFIDENCE:
            break
        cut = below
    return ordered[cut], ordered[-1 - cut]


def dispersion(samples: Sequence[float]) -> float:
    """How far samples lie from their median, as a share of it: the median of the distances."""
    middle = statistics.median(samples)
    return statistics.median(abs(sample - middle) for sample in samples) / middle if middle else 0.0


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of samples that were taken in turn."""
    return statistics.median(ratios(over, under))


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """The ratio of each pair of samples that were taken in turn."""
    return [a / b for a, b in zip(over, under, strict=True)]


def doubts(samples: Sequence[float]) -> list[str]:
    """Why a median of these samples is not to be trusted, each in a sentence; [] where it is."""
    count, middle = len(samples), statistics.median(samples)
    if count < MIN_SAMPLES:
        return [f"{count} samples are too few for a 95 % interval: take at least {MIN_SAMPLES}"]
    found = []
    if shift := _drift(samples):
        found.append(f"the samples drift by {shift:+.0%} from first to last: let the machine rest")
    if modes := _two_groups(samples):
        low, high = modes
        found.append(
            f"the samples fall into two groups, around {low / middle:.2f} and "
            f"{high / middle:.2f} of their median: something switches on this machine"
        )
    low, high = interval(samples)
    reach = max(high - middle, middle - low)
    if reach > WIDE * middle:
        found.append(
            f"the median is known to within {reach / middle:.0%} only: measure on a quieter machine"
        )
    return found


def _drift(samples: Sequence[float]) -> float:
    """How much the samples rise or fall from first to last, 0.0 where that may be chance.

    Mann and Kendall's test for a trend, Theil and Sen's slope.
    """
    count = len(samples)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    score = sum((samples[j] > samples[i]) - (samples[j] < samples[i]) for i, j in pairs)
    deviation = math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    slope = statistics.median((samples[j] - samples[i]) / (j - i) for i, j in pairs)
    shift = slope * (count - 1) / (statistics.median(samples) or 1)
    is_trend = abs(score) - 1 > DRIFT_Z * deviation and abs(shift) > DRIFT
    return shift if is_trend else 0.0


def _two_groups(samples: Sequence[float]) -> tuple[float, float] | None:
    """The medians of the two groups that the samples fall into, None where they are one."""
    ordered = sorted(samples)
    least = max(MIN_GROUP, math.ceil(GROUP_SHARE * len(ordered)))
    cuts = range(least, len(ordered) - least + 1)
    if not cuts:
        return None
    cut = max(cuts, key=lambda position: ordered[position] - ordered[position - 1])
    lower, upper = ordered[:cut], ordered[cut:]
    low, high = statistics.median(lower), statistics.median(upper)
    spread = max(statistics.pstdev(lower), statistics.pstdev(upper))
    is_apart = high - low > GAP * spread and high - low > GAP_SHARE * statistics.median(ordered)
    return (low, high) if is_apart else None
