from suites.gpu_memory import load_gpu_peaks


def test_published_peaks_are_in_mib() -> None:
    peaks = load_gpu_peaks()
    assert [(peak.frames, peak.peak_mib) for peak in peaks] == [(3, 8321), (5, 13616), (8, 21549)]
    assert {(p.network, p.depth, p.batch, p.num_classes) for p in peaks} == {("tsn", 50, 32, 400)}
