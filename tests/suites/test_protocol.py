from suites import Protocol


def test_views_are_clips_times_crops() -> None:
    assert Protocol(2, 3, 256).views == 6


def test_a_protocol_says_its_views_their_size_and_the_sampling() -> None:
    assert str(Protocol(1, 1, 224)) == "1 view of 224 px"
    assert str(Protocol(10, 3, 256, "dense")) == "10 x 3 views of 256 px, dense"
