from pathlib import Path

import av
import pytest

from bench.errors import BenchError
from bench.video.decoding import Decoder, check_decoder, decoder_version, read_file
from tests.bench.video.films import CODECS, DECODERS, indices, write_numbered

TOTAL = 100


@pytest.fixture(scope="module", params=CODECS)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / f"film{CODECS[request.param]}"
    return write_numbered(path, TOTAL, request.param)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize(
    "wanted", [[0], [TOTAL - 1], [3, 30, 31, 77], [50, 2, 50, 99], list(range(TOTAL))]
)
def test_what_is_picked_is_what_was_asked_for(
    film: Path, wanted: list[int], decoder: Decoder
) -> None:
    given: list[int] = []

    def pick(total: int) -> list[int]:
        given.append(total)
        return wanted

    read = read_file(film, pick, decoder)
    assert given == [TOTAL]
    assert read.total == TOTAL
    assert indices(read.picked) == wanted


def test_a_file_without_an_index_is_read_the_same(tmp_path: Path) -> None:
    path = write_numbered(tmp_path / "raw.h264", 30)
    assert indices(read_file(path, lambda total: [0, total - 1]).picked) == [0, 29]


def test_an_unknown_decoder_is_refused() -> None:
    with pytest.raises(BenchError, match="pyav or torchcodec"):
        check_decoder("opencv")


def test_the_decoder_is_named_with_its_version() -> None:
    assert decoder_version("pyav") == f"pyav {av.__version__}"
