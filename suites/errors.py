"""The one error that this package raises for a file it cannot accept."""


class SuiteError(ValueError):
    """A suite or claims file that cannot be used; the message names the file and the key."""
