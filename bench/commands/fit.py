"""`blvbench fit`."""

from argparse import ArgumentParser, Namespace
from math import inf
from typing import TYPE_CHECKING, Any

from bench.commands import UsageError
from bench.commands.options.common import add_time_limit, size_bytes
from bench.commands.options.point import add_point, point_of
from bench.commands.output import add_json, print_json, print_table, progress_bar
from bench.records.measurement import Environment
from bench.records.point import Point
from bench.workload.networks import build_on_meta, configure
from suites.cuda_contexts import context_allowance, process_range

if TYPE_CHECKING:
    from bench.choice.gpu_fit import Estimate, LargestFit

HEADINGS = ("asked", "batch", "frames", "answer", "allocated", "reserved", "process", "margin")


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    from bench.choice.candidates import MAX_FRAMES

    add_point(parser)
    parser.add_argument(
        "--memory",
        type=size_bytes,
        metavar="SIZE",
        help="memory of the GPU, such as 24GiB (default: that of the GPU here)",
    )
    parser.add_argument(
        "--max-frames",
        type=int,
        default=MAX_FRAMES,
        help=f"most frames to search (default: {MAX_FRAMES})",
    )
    parser.add_argument(
        "--expandable-segments",
        action="store_true",
        help="simulate PYTORCH_ALLOC_CONF=expandable_segments:True",
    )
    parser.add_argument(
        "--max-split-size",
        type=size_bytes,
        default=inf,
        metavar="SIZE",
        help="simulate max_split_size_mb of PYTORCH_ALLOC_CONF, such as 128MiB (default: no limit)",
    )
    add_time_limit(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Say whether a point fits, which batch and how many frames do; confirm it on a GPU."""
    from bench.choice.candidates import batch_candidates, frame_candidates
    from bench.choice.gpu_fit import Estimates, Gpu
    from bench.instruments.memory.allocator import AllocatorSettings
    from bench.machine.environment import current_environment

    if arguments.max_frames < 1:
        raise UsageError(f"--max-frames must be at least 1, not {arguments.max_frames}")
    point = configure(point_of(arguments))
    build_on_meta(point)  # an impossible network is bad input
    here = current_environment("cuda")
    memory_bytes = arguments.memory or here.accelerator_memory_bytes
    if not memory_bytes:
        raise UsageError("this machine has no CUDA device: give --memory SIZE, such as 24GiB")
    settings = AllocatorSettings(arguments.expandable_segments, arguments.max_split_size)
    estimates = Estimates(Gpu(memory_bytes, settings))
    searched = {
        "largest batch": batch_candidates(point),
        "most frames": frame_candidates(point, arguments.max_frames, only=None),
    }
    with progress_bar(1 + len(searched), "simulated") as advance:
        given = advance(estimates.of(point))
        found = {name: advance(estimates.largest(one)) for name, one in searched.items()}
    confirmed = _confirm(point, found, here, memory_bytes, arguments.time_limit)
    if arguments.json:
        print_json(_as_json(memory_bytes, given, found, confirmed))
    else:
        _print(memory_bytes, given, found, confirmed)
    return 0


def _confirm(
    point: Point,
    found: "dict[str, LargestFit]",
    here: Environment,
    memory_bytes: int,
    time_limit_s: float,
) -> dict[str, Any]:
    """What runs on the GPU of this machine, by what is asked; empty if there is no such GPU."""
    from bench.choice import gpu_trial

    if not here.accelerator or memory_bytes > here.accelerator_memory_bytes:
        return {}
    with progress_bar(1 + len(found), f"run on {here.machine}") as advance:
        confirmed: dict[str, Any] = {
            "on": here.machine,
            "given": advance(gpu_trial.runs(point, "cuda", memory_bytes, time_limit_s)),
        }
        for name, one in found.items():
            field, values = one.candidates.field, one.candidates.values
            start = getattr(one.fits.point, field) if one.fits else values[0]
            confirmed[name] = advance(
                gpu_trial.find_largest(one.candidates, start, "cuda", memory_bytes, time_limit_s)
            )
    return confirmed


def _as_json(
    memory_bytes: int,
    given: "Estimate",
    found: "dict[str, LargestFit]",
    confirmed: dict[str, Any],
) -> dict[str, Any]:
    from bench.choice.gpu_fit import GREATEST_ERROR, LEAST_ERROR

    largest = {
        name.replace(" ", "_"): {
            "fits": one.fits and one.fits.as_json(),
            "may_fit": one.may_fit and one.may_fit.as_json(),
            "beyond": one.beyond and one.beyond.as_json(),
            "limit": _limit(one),
        }
        for name, one in found.items()
    }
    return {
        "memory_bytes": memory_bytes,
        "context_bytes": list(context_allowance()),
        "errors": [LEAST_ERROR, GREATEST_ERROR],
        "given": given.as_json(),
        **largest,
        "confirmed": {name.replace(" ", "_"): value for name, value in confirmed.items()},
    }


def _limit(one: "LargestFit") -> str:
    """Why no more was tried; "" where more does not fit."""
    return "" if one.beyond else one.candidates.end


def _print(
    memory_bytes: int,
    given: "Estimate",
    found: "dict[str, LargestFit]",
    confirmed: dict[str, Any],
) -> None:
    from bench.choice.gpu_fit import GREATEST_ERROR, LEAST_ERROR

    rows = [("as given", given)]
    for name, one in found.items():
        rows += zip((name, "", ""), one.estimates, strict=False)
    print_table(HEADINGS, [(asked, *_cells(estimate)) for asked, estimate in rows])
    least, most = (f"{size / 2**20:,.0f}" for size in context_allowance())
    print(
        f"Margin: what is left of {memory_bytes / 2**20:,.0f} MiB beside the tensors and a CUDA "
        f"context of {least} to {most} MiB, if simulated peaks are {LEAST_ERROR:+.1%} to "
        f"{GREATEST_ERROR:+.1%} off, as against printed ones."
    )
    for name, one in found.items():
        if one.beyond is None:
            print(f"The search for the {name} ended with the last candidate: {one.candidates.end}.")
    if any(estimate.returns_cache for _, estimate in rows):
        print(
            "* It fits if PyTorch gives cached memory back, which takes time: see "
            "--expandable-segments."
        )
    print(_confirmation(confirmed))


def _cells(estimate: "Estimate") -> tuple[object, ...]:
    least, most = process_range(estimate.reserved_bytes)
    low, high = estimate.margin_bytes
    return (
        estimate.point.batch,
        estimate.point.frames,
        estimate.answer + (" *" if estimate.returns_cache else ""),
        f"{_mib(estimate.allocated_bytes)} MiB",
        f"{_mib(estimate.reserved_bytes)} MiB",
        f"{_mib(least)} to {_mib(most)} MiB",
        f"{low / 2**20:+,.0f} to {high / 2**20:+,.0f} MiB",
    )


def _mib(size_bytes: float) -> str:
    return f"{size_bytes / 2**20:,.0f}"


def _confirmation(confirmed: dict[str, Any]) -> str:
    if not confirmed:
        return "Not confirmed: this machine has no CUDA device with so much memory."
    given = "runs" if confirmed["given"] else "does not run"
    return (
        f"Confirmed on {confirmed['on']}: as given it {given}; the largest batch that runs is "
        f"{confirmed['largest batch']}, the most frames are {confirmed['most frames']}."
    )
