"""Errors. Each message is one line: what is wrong, where, and what to do."""


class BenchError(ValueError):
    """A measurement, a file or a request that cannot be used."""


class UnsupportedError(BenchError):
    """Something that this machine does not support; it is a result, not a failure."""
