"""The errors of this package: each is one line that says what, where and what to do."""


class BenchError(ValueError):
    """A measurement, a store or a request that cannot be served as it stands."""


class UnsupportedError(BenchError):
    """What this machine lacks for a measurement; a result, not a failure."""
