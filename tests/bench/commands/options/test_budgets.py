import pytest

from bench.commands import Parser, UsageError
from bench.commands.options.budgets import BudgetArgument, add_budgets


def parse(flag: str, text: str) -> BudgetArgument:
    parser = Parser(prog="p")
    add_budgets(parser)
    (found,) = (value for value in vars(parser.parse_args([f"{flag}={text}"])).values() if value)
    assert isinstance(found, BudgetArgument)
    return found


@pytest.mark.parametrize(
    ("flag", "text", "limit"),
    [
        ("--macs", "33G", 33e9),
        ("--macs", "33 GMACs", 33e9),
        ("--macs", "33 G MACs", 33e9),
        ("--macs", "1 mac", 1.0),
        ("--macs", "5MACs", 5.0),
        ("--macs", "5MMACs", 5e6),
        ("--macs", "1.5e9", 1.5e9),
        ("--macs", "1,000,000", 1e6),
        ("--macs", "1_000.5k", 1_000_500.0),
        ("--macs", "0.9t", 0.9e12),
        ("--params", "30M", 30e6),
        ("--params", "30m parameters", 30e6),
        ("--params", "1B", 1e9),
        ("--params", "7 params", 7.0),
        ("--memory", "16GiB", 16 * 2.0**30),
        ("--memory", "1kB", 1000.0),
        ("--latency", "50ms", 0.05),
        ("--latency", "50 us", 50e-6),
        ("--latency", "50µs", 50e-6),
        ("--latency", "50μs", 50e-6),
        ("--latency", "1.5s", 1.5),
    ],
)
def test_budgets_have_prefixes_and_units(flag: str, text: str, limit: float) -> None:
    found = parse(flag, f" {text} ")
    assert found.limit == pytest.approx(limit, rel=1e-12)
    assert (found.text, found.network) == (text, "")


@pytest.mark.parametrize(
    ("text", "network", "depth", "frames"),
    [("tsn:50:8", "tsn", 50, 8), (" i3d::16 ", "i3d", None, 16)],
)
def test_the_cost_of_a_network_is_a_budget(
    text: str, network: str, depth: int | None, frames: int
) -> None:
    for flag in ("--macs", "--params", "--memory", "--latency"):
        assert parse(flag, text) == BudgetArgument(text.strip(), 0.0, network, depth, frames)


@pytest.mark.parametrize(
    ("flag", "text", "message"),
    [
        ("--macs", "0", "'0' is not a budget: write more than 0 and less than 1e18"),
        ("--macs", "1e18", "is not a budget"),
        ("--macs", f"1{'0' * 400}", "is not a budget"),
        ("--memory", f"1{'0' * 400}GiB", "is not a budget"),
        ("--macs", "-1", "'-1' is not a count: write a number such as 33G or 30M"),
        ("--macs", "33 params", "is not a count"),
        ("--params", "33 MACs", "is not a count"),
        ("--macs", "1,00", "is not a count"),
        ("--macs", "G", "is not a count"),
        ("--macs", "33 GFLOPs", "papers that write FLOPs mean MACs: write 33G MACs"),
        ("--macs", "FLOPs", "papers that write FLOPs mean MACs: write 33G MACs"),
        ("--params", "5 flops", "papers that write FLOPs mean MACs: write 5 MACs"),
        ("--memory", "16", "is not a size"),
        ("--latency", "50", "'50' is not a time: write a number and a unit, such as 50ms"),
        ("--latency", "0ms", "is not a budget"),
        ("--latency", "5m", "is not a time"),
        ("--macs", "tsn:50", "'tsn:50' is not a network: write name:depth:frames"),
        ("--macs", "tsn:50:", "is not a network"),
        ("--macs", "a-b:50:8", "is not a network"),
    ],
)
def test_other_text_is_not_a_budget(flag: str, text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(flag, text)
    assert f"argument {flag}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_budget_just_below_the_largest_is_accepted() -> None:
    assert parse("--macs", "0.9e18").limit == 0.9e18
