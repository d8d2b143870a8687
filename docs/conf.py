"""The configuration of Sphinx; `nox -s docs` builds the documentation."""

import sys
from pathlib import Path

from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this folder is not installed

project = "blvbench"
extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
default_role = "code"  # docstrings put code between single backquotes
autodoc_default_options = {"undoc-members": True}
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = project
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # a browser cannot fetch the pages for it from a disk


def setup(app: Sphinx) -> None:
    """Write the generated pages before Sphinx looks for pages."""
    from docs.generate import write_pages

    write_pages(Path(app.srcdir, "generated"))
