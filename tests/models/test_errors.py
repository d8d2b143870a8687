from models.errors import CheckpointError, NetworkError


def test_a_checkpoint_error_is_a_network_error_with_or_without_a_report() -> None:
    error = CheckpointError("w.pth: is not a readable checkpoint")
    assert isinstance(error, NetworkError)
    assert isinstance(error, ValueError)
    assert error.report is None
