from suites.cuda_contexts import context_allowance, load_contexts, process_range

MIB = 2**20


def test_every_context_has_a_source_and_a_plausible_size() -> None:
    contexts = load_contexts()
    assert len(contexts) == 5
    for context in contexts:
        assert context.source.startswith("https://github.com/")
        assert 100 * MIB < context.size_bytes < 2048 * MIB
    assert {context.architecture for context in contexts} == {"", "Ada", "Ampere", "Volta"}


def test_the_allowance_is_from_the_smallest_to_the_largest() -> None:
    """287,047,680 bytes less a segment of 20 MiB; 1008.1875 - 0.9375 MiB less one of 2."""
    assert context_allowance() == (287_047_680 - 20 * MIB, 1005.25 * MIB)


def test_a_process_takes_the_context_besides_what_is_reserved() -> None:
    least, most = process_range(1024 * MIB)
    assert (least, most) == (1277.75 * MIB, 2029.25 * MIB)
