from bench.records.measurement import Measurement
from reports.gpu_peaks import build_gpu_peaks, point_of
from suites.gpu_memory import GpuPeak, load_gpu_peaks
from tests.records import measurement

PEAKS = load_gpu_peaks()
SIMULATED = [peak for peak in PEAKS if not peak.waits_for]


def simulation(peak: GpuPeak, share: float) -> Measurement:
    size = int(peak.peak_mib * share * 2**20)
    fields = {"quantity": "memory", "instrument": "simulated", "unit": "bytes", "samples": (size,)}
    return measurement(point_of(peak), **fields)


def test_errors_are_signed_and_summed_up() -> None:
    fair = [peak for peak in SIMULATED if not peak.contradicted_by]
    shares = [0.99, 1.02, 0.98, 0.97, 0.995, 0.96, 0.99, 0.98, 0.985, 0.98, 0.99, 0.985, 0.985]
    found = [simulation(peak, share) for peak, share in zip(fair, shares, strict=True)]
    section = build_gpu_peaks(found, PEAKS)
    assert section.finding == (
        "13 of 17 published peaks are compared with simulations: the error is -1.50 % in the "
        "median and -4.00 % at worst, and 12 are too low."
    ).replace(" %", "%")
    error = section.table.headings.index("error")
    assert [row[error].text for row in section.table.rows[:3]] == ["-1.00%", "+2.00%", "-2.00%"]


def test_every_published_peak_has_a_row_with_its_reason() -> None:
    section = build_gpu_peaks([simulation(SIMULATED[0], 1.0)], PEAKS)
    assert len(section.table.rows) == len(PEAKS)
    remarks = {row[-1].text.partition(":")[0] for row in section.table.rows}
    assert {"", "C2D without temporal pooling", "waits"} <= remarks
    (contradicted,) = (row for row in section.table.rows if "contradicted by c2d" in row[-1].text)
    figure = section.table.headings.index("simulated (MiB)")
    assert contradicted[figure].text == "not measured"
    waiting = [row for row in section.table.rows if "pools in its stem" in row[-1].text]
    assert [row[figure].text for row in waiting] == ["not measured"]


def test_a_contradicted_row_is_listed_but_not_summed_up() -> None:
    (contradicted,) = (peak for peak in PEAKS if peak.contradicted_by)
    section = build_gpu_peaks([simulation(contradicted, 2.0)], PEAKS)
    assert section.finding.startswith("1 of 17")  # the row that contradicts it is the same point
    assert sum("%" in row[-2].text for row in section.table.rows) == 2


def test_without_a_simulation_there_is_no_table() -> None:
    section = build_gpu_peaks([], PEAKS)
    assert (section.finding, section.table.rows) == ("", ())
