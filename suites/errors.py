"""The error of this package."""


class SuiteError(ValueError):
    """A file that cannot be used; the message names the file and the key."""
