"""The generated pages: claims, commands, networks and instruments."""

from pathlib import Path

from docs.claims import claim_pages
from docs.commands import command_pages
from docs.tables import instruments_page, networks_page


def write_pages(folder: Path) -> None:
    """Write every generated page below `folder`, and remove pages that are no longer generated.

    A page that has not changed is not written, so that Sphinx does not read it again.
    """
    pages = {
        **{f"claims/{name}": text for name, text in claim_pages().items()},
        **{f"commands/{name}": text for name, text in command_pages().items()},
        "networks": networks_page(),
        "instruments": instruments_page(),
    }
    texts = {folder / f"{name}.md": text for name, text in pages.items()}
    for path in folder.rglob("*.md"):
        if path not in texts:
            path.unlink()
    for path, text in texts.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
