from pathlib import Path

from docs.generate import write_pages


def test_pages_of_what_is_no_more_are_removed(tmp_path: Path) -> None:
    gone = tmp_path / "claims" / "gone.md"
    gone.parent.mkdir()
    gone.write_text("# Gone\n")
    write_pages(tmp_path)
    index = tmp_path / "claims" / "index.md"
    before = index.stat().st_mtime_ns
    write_pages(tmp_path)
    assert not gone.exists()
    assert index.stat().st_mtime_ns == before
