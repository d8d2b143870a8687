"""Published counts, counted again by the README's command."""

import json
from pathlib import Path

from tests.journeys.documented import blvbench, commands_of, follow


def test_published_counts_are_reproduced_but_for_those_known_to_differ(tmp_path: Path) -> None:
    (command,) = commands_of("published")
    follow(command, tmp_path)
    printed = blvbench(tmp_path, "blvbench report --store paper.sqlite --out report")
    assert printed.returncode == 0, printed.stderr
    results = json.loads((tmp_path / "report" / "results.json").read_text())
    mini = [one for one in results["agreement"] if "benchmark_mini" in one["source"]]
    differing = [one for one in mini if one["verdict"] != "reproduced"]
    assert len(mini) == 2 * 288
    assert len(differing) == 7
    for one in differing:
        assert (one["point"]["network"], one["quantity"]) == ("i3d", "macs")
        assert one["difference"] == 232_967_168
    text = (tmp_path / "report" / "report.md").read_text()
    assert "343 published rows with counts: 328 are reproduced, 15 differ" in text
