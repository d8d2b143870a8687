"""`blvbench compare`."""

import sys
import tempfile
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import models
from bench.choice.accuracies import Accuracy, known_accuracies, select_dataset, select_pretraining
from bench.choice.budget import Per
from bench.commands import INTERRUPTED, UsageError
from bench.commands.import_ import add_recorded
from bench.commands.options.budgets import BudgetArgument, add_budgets
from bench.commands.options.common import add_model, add_time_limit
from bench.commands.options.point import DEFAULTS, add_choice, point_of
from bench.commands.output import add_json, print_json, progress_bar
from bench.errors import BenchError
from bench.machine.environment import has_device
from bench.records.measurement import Measurement
from bench.records.point import Device, Point
from bench.records.recorded import load_recorded, with_recorded
from bench.records.store import Store
from bench.wording import list_first
from bench.workload.networks import configure
from models.input_forms import CLIP
from suites import PrintedNetwork, load_claims, load_networks, load_published

if TYPE_CHECKING:
    from bench.choice.comparison import BudgetRequest, Request

DATASET = "something-something-v2"  # most published networks are tested on it
AS_MANY_AS_FIT = "max"  # a batch
LISTED = 3  # reasons why nothing can be compared
COUNTED = {"macs": "macs:flop_counter", "params": "params:shapes", "memory": "memory:simulated"}


def arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    from bench.choice.candidates import MAX_FRAMES

    add_budgets(parser)
    add_choice(parser, "mode")
    add_choice(parser, "precision")
    parser.add_argument(
        "--batch",
        type=_batch,
        default=1,
        help=f"number of clips (default: 1), or '{AS_MANY_AS_FIT}' for as many as fit",
    )
    frames = parser.add_mutually_exclusive_group()
    frames.add_argument(
        "--frames", type=int, help="number of input frames (default: as many as fit)"
    )
    frames.add_argument(
        "--max-frames",
        type=int,
        default=MAX_FRAMES,
        help=f"largest number of frames to try (default: {MAX_FRAMES})",
    )
    parser.add_argument(
        "--networks",
        type=_names,
        default=(),
        help="networks to compare, separated by commas (default: all)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="show networks without a known accuracy too, as with --networks",
    )
    parser.add_argument(
        "--depths",
        type=_depths,
        default=(),
        help="depths to compare, separated by commas (default: all)",
    )
    parser.add_argument(
        "--per",
        choices=get_args(Per),
        default="clip",
        help="what --macs limits: a clip, with the accuracies by one view (default), or a video, "
        "which costs all views of the test",
    )
    add_model(parser, "compare the network in your own file as well", several=True)
    parser.add_argument(
        "--dataset", default=DATASET, help=f"data set of the accuracies (default: {DATASET})"
    )
    parser.add_argument(
        "--pretrain",
        type=_names,
        default=(),
        help="count only accuracies of weights pretrained on these, separated by commas, such as "
        "in1k or none,in1k (default: all)",
    )
    size = DEFAULTS["input_size"]
    parser.add_argument(
        "--input-size",
        type=int,
        help=f"side of a frame in pixels (default: {size}, and for a network that takes only "
        "another size, that one)",
    )
    parser.add_argument(
        "--num-classes", type=int, help="number of classes (default: those of the data set)"
    )
    parser.add_argument(
        "--device",
        choices=get_args(Device),
        help="device of --latency (default: cuda if there is one, else cpu)",
    )
    parser.add_argument(
        "--machine",
        help="name, or a part of the name, of the machine whose recorded latencies are used "
        "(default: measure here)",
    )
    parser.add_argument("--store", type=Path, help="file of a store that keeps the measurements")
    add_recorded(parser)
    add_time_limit(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Compare networks within the budgets, and print the result."""
    if not any(getattr(arguments, name) for name in (*COUNTED, "latency")):
        raise UsageError(
            "give a budget: --macs 33G, --params 30M, --memory 16GiB or --latency 50ms"
        )
    if arguments.per == "video" and not arguments.macs:
        raise UsageError("--per video charges the MACs of all views: give --macs too")
    if arguments.per == "video" and arguments.latency:
        raise UsageError("--latency limits a batch of clips: leave out --per video")
    from bench.choice.candidates import missing_networks
    from bench.choice.comparison import compare
    from bench.choice.ledger import Ledger
    from bench.commands.comparison_table import print_comparison

    stored = _load_stored(arguments.store)
    measurements = with_recorded(stored, load_recorded(arguments.recorded))
    request = _request(arguments, measurements)
    with _store(arguments.store) as store:
        try:
            with progress_bar(None, "measuring") as advance:
                ledger = Ledger(store, arguments.time_limit, advance, request.recorded or ())
                comparison = compare(request, ledger, load_claims())
        except KeyboardInterrupt:
            advice = "the results so far are in the store: run the same command again to continue"
            end = f": {advice}" if arguments.store else ""
            print(f"blvbench: interrupted{end}", file=sys.stderr)
            return INTERRUPTED
    if not comparison.ranked:
        raise BenchError(f"nothing can be compared: {list_first(comparison.refusals, LISTED)}")
    missing = {} if arguments.networks else missing_networks()
    if arguments.json:
        print_json({"dataset": arguments.dataset, **comparison.as_json(), "not_installed": missing})
    else:
        shows_all = arguments.all or bool(arguments.networks)
        print_comparison(comparison, arguments.dataset, shows_all=shows_all)
        for library, names in missing.items():
            print(f"Not compared: {', '.join(names)}: python -m pip install {library}")
    return 0


def _request(arguments: Namespace, measurements: Sequence[Measurement]) -> "Request":
    from bench.choice.candidates import expand_networks, load_user_networks
    from bench.choice.comparison import Request

    known = known_accuracies(load_published(), measurements)
    unbuilt = (one for one in load_networks() if not one.row)
    every: list[Accuracy | PrintedNetwork] = [*known, *unbuilt]
    on_dataset = select_dataset(every, arguments.dataset)
    wanted = select_pretraining(on_dataset, arguments.pretrain, every)
    accuracies = [one for one in wanted if isinstance(one, Accuracy)]
    # Beside networks by name the others are of interest only if there is no accuracy.
    others = [] if arguments.networks and accuracies else wanted
    setting = _setting(arguments, on_dataset[0].num_classes)
    if arguments.max_frames < 1:
        raise UsageError(f"--max-frames must be at least 1, not {arguments.max_frames}")
    if arguments.batch == AS_MANY_AS_FIT and not (arguments.memory or arguments.latency):
        raise UsageError("--batch max needs --memory or --latency: other costs are per clip")
    budgets, recorded = _budgets(arguments, setting, measurements)
    return Request(
        bases=(
            *expand_networks(
                arguments.networks,
                arguments.depths,
                setting,
                accuracies,
                own_sizes=arguments.input_size is None,
            ),
            *load_user_networks(arguments.model, setting),
        ),
        budgets=budgets,
        accuracies=tuple(accuracies),
        max_frames=arguments.max_frames,
        frames=arguments.frames,
        search_batch=arguments.batch == AS_MANY_AS_FIT,
        recorded=recorded,
        left_out=tuple(a for a in on_dataset if isinstance(a, Accuracy) and a not in accuracies),
        not_built=tuple(one for one in others if isinstance(one, PrintedNetwork)),
    )


def _setting(arguments: Namespace, num_classes: int) -> Point:
    """The settings of all points; network and frames are replaced later."""
    given = {
        **vars(arguments),
        "network": "tsn",
        "option": [],
        "model": None,
        "input": CLIP,
        "output": "",
        "frames": arguments.frames if arguments.frames is not None else 1,
        "batch": 1 if arguments.batch == AS_MANY_AS_FIT else arguments.batch,
        "num_classes": num_classes if arguments.num_classes is None else arguments.num_classes,
        "input_size": (
            DEFAULTS["input_size"] if arguments.input_size is None else arguments.input_size
        ),
        "dataset": "",
    }
    return point_of(Namespace(**given))


def _budgets(
    arguments: Namespace, setting: Point, measurements: Sequence[Measurement]
) -> "tuple[tuple[BudgetRequest, ...], tuple[Measurement, ...] | None]":
    """The budgets, and the latencies of another machine if they are to be used."""
    labels, machine, recorded = dict(COUNTED), "", None
    if arguments.latency is None and (arguments.machine or arguments.device):
        raise UsageError("--machine and --device need --latency: give a limit such as 50ms")
    if arguments.machine:
        from bench.choice.comparison import select_latencies

        if arguments.device:
            raise UsageError("--machine takes recorded latencies: leave out --device")
        recorded = tuple(select_latencies(measurements, arguments.machine))
        labels["latency"], machine = recorded[0].label, recorded[0].platform
    elif arguments.latency:
        device: Device = arguments.device or ("cuda" if has_device("cuda") else "cpu")
        if not has_device(device):
            raise UsageError(f"this machine has no {device} device: use --machine or --device cpu")
        labels["latency"] = f"latency:{device}"
    given = [(label, getattr(arguments, name)) for name, label in labels.items()]
    requests = [
        replace(
            _request_budget(label, budget, setting, own_size=arguments.input_size is None),
            machine=machine if label == labels.get("latency") else "",
            per=arguments.per if label == COUNTED["macs"] else "clip",
        )
        for label, budget in given
        if budget
    ]
    return tuple(requests), recorded


def _request_budget(
    label: str, budget: BudgetArgument, setting: Point, *, own_size: bool
) -> "BudgetRequest":
    from bench.choice.comparison import BudgetRequest

    if not budget.network:
        return BudgetRequest(label, budget.text, budget.limit)
    if budget.frames < 1:
        raise UsageError(f"{budget.text} has no frames: write name:depth:frames, such as tsn:50:8")
    fields = {"network": budget.network, "depth": budget.depth, "frames": budget.frames}
    only = models.get_network(budget.network).find_size({}) if own_size else None
    size = only or setting.input_size
    point = configure(setting.model_copy(update={**fields, "input_size": size}))
    return BudgetRequest(label, budget.text, point)


def _load_stored(path: Path | None) -> list[Measurement]:
    """The measurements of a store, if it exists."""
    if path is None or not path.exists():
        return []
    with Store(path) as store:
        return store.measurements()


@contextmanager
def _store(path: Path | None) -> Iterator[Store]:
    """The store at `path`, or a temporary one."""
    with (
        tempfile.TemporaryDirectory(prefix="blvbench.") as folder,
        Store(path or Path(folder, "store.sqlite"), create=True) as store,
    ):
        yield store


def _batch(text: str) -> int | str:
    if text == AS_MANY_AS_FIT:
        return text
    try:
        return int(text)
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not a batch: write a number, or {AS_MANY_AS_FIT}"
        ) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _depths(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise ArgumentTypeError(
            f"{text!r} is not a list of depths: write numbers, such as 50,101"
        ) from None
