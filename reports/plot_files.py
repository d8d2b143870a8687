"""The plots of a report as files, for papers and slides."""

from functools import partial

from reports.drawing import UNDATED, Plot, render_figure
from reports.page import Page
from reports.samples_plot import draw_samples

FOLDER = "plots"
DPI = 300  # usual for print, at the size of the SVG


def plot_files(page: Page) -> dict[str, bytes]:
    """The PNG and the SVG of each plot of the page, and of the raw samples of each machine.

    The keys are paths within the folder of the report.
    """
    figures = {plot.id: (plot.title, plot.figure) for plot in _plots(page)}
    for name, figure in draw_samples(page.measurements).items():
        figures[name] = (name, figure)
    files = {}
    for name, (title, figure) in figures.items():
        save = partial(render_figure, figure, facecolor="white")
        files[f"{FOLDER}/{name}.png"] = save(format="png", dpi=DPI, metadata={"Software": None})
        files[f"{FOLDER}/{name}.svg"] = save(format="svg", metadata={**UNDATED, "Title": title})
    return files


def _plots(page: Page) -> list[Plot]:
    """All plots of the page."""
    accuracies = [page.accuracy_plot] if page.accuracy_plot else []
    single = [*page.pictures, *page.plots_of_today, *page.other_budget_plots, *accuracies]
    of_machines = [plot for section in page.machines for plot in section.plots]
    rooflines = [one.plot for one in page.rooflines]
    return [*single, *page.macs_plots, *page.memory_plots, *of_machines, *rooflines]
