from pathlib import Path

import pytest

from suites import SuiteError
from suites.rules import Rules, load_rules

EXACT = '[[rule]]\nquantities = ["macs"]\ntest = "exact"\n'


def test_the_rule_of_an_instrument_comes_before_that_of_its_quantity() -> None:
    rules = load_rules()
    assert rules.find("memory", "simulated").test == "exact"
    assert rules.find("memory", "cuda").test == "samples"
    assert rules.find("cpu_time", "process").needs_reference
    with pytest.raises(SuiteError, match="no rule for heat:nvml: add one"):
        rules.find("heat", "nvml")


def test_only_causes_within_the_change_fail() -> None:
    outcomes = [rule.outcomes.model_dump() for rule in load_rules().rule]
    failing = {name for one in outcomes for name, what in one.items() if what == "fail"}
    assert failing == {"regressed", "failed", "missing"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rule: is missing"),
        ("rule = []", "rule: should not be empty"),
        (EXACT.replace("exact", "exakt"), "rule.1.test: "),
        (EXACT + 'outcomes = { regressd = "warn" }', "unknown key .did you mean 'regressed'"),
        (EXACT + 'outcomes = { regressed = "stop" }', "rule.1.outcomes.regressed"),
        (EXACT + "alpha = 0.0", "rule.1.alpha: .*greater than 0"),
        (EXACT + "alpha = nan", "rule.1.alpha"),
        (EXACT + "min_effect = -0.1", "rule.1.min_effect"),
        (EXACT + "min_effect = inf", "rule.1.min_effect"),
        (EXACT + "min_samples = 0", "rule.1.min_samples"),
        (EXACT + EXACT, "'macs' has two rules"),
    ],
)
def test_a_wrong_rule_is_an_error_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=message) as raised:
        load_rules(path)
    assert "\n" not in str(raised.value)


def test_rules_can_be_made_in_code() -> None:
    assert Rules.model_validate({"rule": ({"quantities": ("macs",), "test": "exact"},)}).rule
