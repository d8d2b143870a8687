"""Statistics of raw samples: the interval of their median, their spread, and reasons to doubt them.

Samples are given in the order in which they were taken. Thresholds are shares of the median.
"""

import math
import statistics
from collections.abc import Sequence

MIN_SAMPLES = 6  # the range of fewer samples does not cover the median with 95 % probability
CONFIDENCE = 0.95
WIDE = 0.05  # wider intervals cannot tell apart costs that differ by 10 %
# Between first and last sample; a smaller drift matters less than the differences between machines.
DRIFT = 0.05
DRIFT_Z = 2.6  # standard deviations: 1 in 100 steady series seems to drift
GAP = 7.0  # between two groups, in units of their spread; halves of one bell curve are 2.7 apart
GAP_SHARE = 0.05  # two groups that are closer than this do not matter
GROUP_SHARE = 0.25  # a smaller share of the samples is outliers, not a group
MIN_GROUP = 4


def interval(samples: Sequence[float]) -> tuple[float, float]:
    """The interval that holds the median with at least 95 % probability: two of the samples.

    Makes no assumption about the distribution. For fewer than `MIN_SAMPLES` it is the range of the
    samples, which covers less: see `doubts`.
    """
    ordered = sorted(samples)
    outside, cut = 0.0, 0
    for below in range(len(ordered) // 2):  # the samples below the median are binomial, p = 1/2
        outside += 2 * math.comb(len(ordered), below) / 2 ** len(ordered)
        if outside > 1 - CONFIDENCE:
            break
        cut = below
    return ordered[cut], ordered[-1 - cut]


def dispersion(samples: Sequence[float]) -> float:
    """The median distance of the samples from their median, as a share of it."""
    middle = statistics.median(samples)
    return statistics.median(abs(sample - middle) for sample in samples) / middle if middle else 0.0


def median_ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median ratio of samples that were taken in turn."""
    return statistics.median(ratios(over, under))


def ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """The ratio of each pair of samples that were taken in turn."""
    return [a / b for a, b in zip(over, under, strict=True)]


def doubts(samples: Sequence[float]) -> list[str]:
    """Reasons not to trust the median of these samples, a sentence each; [] if there are none."""
    count, middle = len(samples), statistics.median(samples)
    if count < MIN_SAMPLES:
        return [f"a 95 % interval needs at least {MIN_SAMPLES} samples, not {count}: take more"]
    reasons = []
    if shift := _drift(samples):
        reasons.append(
            f"the samples drift by {shift:+.0%} from first to last: let the machine rest"
        )
    if modes := _two_groups(samples):
        low, high = modes
        reasons.append(
            f"the samples fall into two groups, around {low / middle:.2f} and "
            f"{high / middle:.2f} of their median: the times switch between two levels on this "
            "machine"
        )
    low, high = interval(samples)
    reach = max(high - middle, middle - low)
    if reach > WIDE * middle:
        reasons.append(
            f"the median is known to within {reach / middle:.0%} only: measure on a quieter machine"
        )
    return reasons


def _drift(samples: Sequence[float]) -> float:
    """How much the samples rise or fall from first to last; 0.0 where chance may explain it.

    The test for a trend is Mann and Kendall's, the slope Theil and Sen's.
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
    """The medians of two groups that the samples fall into; None where they form one group."""
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
