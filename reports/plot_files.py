"""A report's plots as files of their own, for papers and slides."""

from functools import partial

from reports.drawing import UNDATED, Plot, saved
from reports.page import Page
from reports.samples_plot import draw_samples

FOLDER = "plots"
DPI = 300  # what journals ask of pictures in print, at the size of the SVG


def plot_files(page: Page) -> dict[str, bytes]:
    """The PNG and the SVG of each plot, by its path in the report's folder.

    Those of the page, and the raw samples of each machine.
    """
    titled = {plot.id: (plot.title, plot.figure) for plot in _plots(page)}
    samples = {name: (name, one) for name, one in draw_samples(page.measurements).items()}
    files = {}
    for name, (title, figure) in (titled | samples).items():
        save = partial(saved, figure, facecolor="white")
        files[f"{FOLDER}/{name}.png"] = save(format="png", dpi=DPI, metadata={"Software": None})
        files[f"{FOLDER}/{name}.svg"] = save(format="svg", metadata={**UNDATED, "Title": title})
    return files


def _plots(page: Page) -> list[Plot]:
    """All that the page shows."""
    single = [plot for plot in (page.story, page.accuracy_plot) if plot]
    of_machines = [plot for section in page.machines for plot in section.plots]
    rooflines = [one.plot for one in page.rooflines]
    return [*single, *page.macs_plots, *page.memory_plots, *of_machines, *rooflines]
