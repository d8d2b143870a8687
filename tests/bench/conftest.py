import pytest

from bench.instruments import ceilings, latency


@pytest.fixture
def _quickly_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few rounds as may be, whatever the samples; the machine's rates are of small work."""
    monkeypatch.setattr(latency, "MAX_ROUNDS", latency.ROUNDS)
    monkeypatch.setitem(ceilings.SIDES, "cpu", (16, 32))
    monkeypatch.setitem(ceilings.COPIED_BYTES, "cpu", 1 << 10)
