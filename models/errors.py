"""The one error that this package raises for input it cannot accept."""


class NetworkError(ValueError):
    """A network, an option or a clip that cannot be built or run; the message says what to do."""
