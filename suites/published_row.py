"""A published row: what a source prints of one network."""

from dataclasses import dataclass

from suites.counting import CountingRule, find_rule, round_half_up
from suites.protocol import Protocol
from suites.toml import Option


@dataclass(frozen=True)
class PublishedRow:
    """One row of a source's table, with the name of the network in the registry.

    `depth` is None if the network has no choice of depths. `options` are sorted, without those at
    their defaults. `input_size` is the side of a frame in pixels, for which `macs` are printed.
    `protocol` is that of the accuracy, None if it is not known. `top1` and `top5` are in percent;
    accuracies, `macs` and `params` are None if they are not published. `pretraining` is the data
    that the weights came from, in the words of the source; "" if it is not known. `own_rule` is the
    row's, where a source counts rows differently. `units` have the value of the last printed digit
    of rounded figures.
    """

    source: str
    dataset: str
    num_classes: int
    network: str
    options: tuple[tuple[str, Option], ...]
    depth: int | None
    frames: int
    input_size: int
    protocol: Protocol | None
    top1: float | None
    top5: float | None
    macs: int | None
    params: int | None
    note: str
    pretraining: str = ""
    own_rule: CountingRule | None = None
    units: tuple[tuple[str, int], ...] = ()

    @property
    def figures(self) -> dict[str, int]:
        """The published costs by quantity, `macs` and `params`."""
        costs = {"macs": self.macs, "params": self.params}
        return {quantity: value for quantity, value in costs.items() if value is not None}

    @property
    def reference(self) -> str:
        """The source of the accuracy with its protocol."""
        return f"{self.source}, {self.protocol or 'protocol not known'}"

    @property
    def rule(self) -> CountingRule:
        """How the source counts. Raises `SuiteError` for a source without a rule."""
        return self.own_rule or find_rule(self.source)

    def prints(self, quantity: str, count: int) -> bool:
        """Whether the source would print `count` as its figure of a quantity.

        A figure with a unit may be rounded, rounded to ten times its precision first, or cut off.
        MACs of all views may be those of one view, rounded first.
        """
        unit = dict(self.units).get(quantity)
        if unit is None:
            return self.rule.round_count(count) == self.figures[quantity]
        first = round_half_up(count, max(1, unit // 10))
        readings = {round_half_up(count, unit), round_half_up(first, unit), count // unit * unit}
        if quantity == "macs":
            views = self.rule.views
            readings.add(views * round_half_up(count // views, unit))
        return self.figures[quantity] in readings
