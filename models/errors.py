"""The errors that this package raises for input that it cannot accept."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.checkpoint import LoadReport


class NetworkError(ValueError):
    """A network, an option or a clip that cannot be built or run; the message says what to do."""


class MissingLibraryError(NetworkError):
    """A network needs a library that is not installed; the message says how to install it."""


class ClipError(NetworkError):
    """A network cannot take a clip of the shape and form that it is given."""


class CheckpointError(NetworkError):
    """A file that cannot be loaded; the message names the file and the first wrong key, if any.

    `report` covers every key, if the file could be read.
    """

    def __init__(self, message: str, report: "LoadReport | None" = None) -> None:
        super().__init__(message)
        self.report = report
