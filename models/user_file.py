"""Networks from anybody's file, `path/to/file.py:factory`. A clip is N x C x T x H x W.

Imports in the file look in its own folder first, even for a package called `models`, and even if
the import runs later, inside the factory or `forward`. Its prints go to stderr. Its changes to
torch's global state are undone once the file has been executed or the factory has returned.
"""

import inspect
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from models.errors import ClipError, NetworkError
from models.input_forms import FORM_OPTIONS
from models.own_imports import OwnImports
from models.registry import did_you_mean
from models.sources import Sources

if TYPE_CHECKING:
    from torch import nn

    from models.trial import Findings

    ClipShape = tuple[int, int, int, int, int]

# With the sources that the file itself imported, before its factories imported more.
_executed: dict[Path, tuple[OwnImports, ModuleType, Sources]] = {}


@dataclass(frozen=True)
class UserNetwork:
    """A factory in a user's file; `name` is what was typed to name it."""

    name: str
    _factory: Callable[..., object]
    _imports: OwnImports

    def sources(self) -> Sources:
        """The file and what it has imported so far from its folder and those that it added."""
        return self._imports.sources()

    def names(self, option: str) -> bool:
        """Whether the factory has a parameter of this name."""
        return option in self._signature().parameters

    def build(
        self, clip_shape: "ClipShape", num_classes: int, options: Mapping[str, object]
    ) -> "nn.Module":
        """What the factory makes for clips of `clip_shape`, (N, C, T, H, W), and `num_classes`.

        Raises `NetworkError` where it cannot be called with these, raises, or makes no `nn.Module`.
        """
        from torch import nn

        from models.adapter import make_adapter

        adapter = make_adapter(self.name, num_classes, options)
        own = {name: value for name, value in options.items() if name not in FORM_OPTIONS}
        positional, keywords = self._arguments(clip_shape, num_classes, own)
        try:
            with contained(), self._imports.active():
                model = self._factory(*positional, **keywords)
        except (Exception, SystemExit) as error:
            reason = self.sources().explain(error)
            raise NetworkError(f"{self.name} cannot build its network: {reason}") from error
        if not isinstance(model, nn.Module):
            raise NetworkError(
                f"{self.name} returns {type(model).__name__}: let it return a torch.nn.Module"
            )
        try:
            with contained():
                return adapter.adapt(model, clip_shape)
        except (Exception, SystemExit) as error:
            reason = self.explain(error)
            raise ClipError(f"{self.name} cannot take a clip of {clip_shape}: {reason}") from error

    def check(
        self,
        clip_shape: "ClipShape",
        num_classes: int,
        options: Mapping[str, object],
        *,
        trains: bool = False,
    ) -> "Findings":
        """Raise `NetworkError` unless clips of `clip_shape`, (N, C, T, H, W), give N x classes.

        The network runs on PyTorch's meta device, where nothing is computed, or, where it cannot,
        over one clip on the CPU. The findings are also on training if it `trains`.
        """
        from models.trial import Trial

        def build(shape: "ClipShape", with_options: Mapping[str, object]) -> "nn.Module":
            return self.build(shape, num_classes, with_options)

        trial = Trial(self.name, build, self.explain, options, num_classes)
        with contained():
            return trial.run(clip_shape, trains=trains)

    def explain(self, error: BaseException) -> str:
        """One line: the error, and the line of the user's files where it arose."""
        return str(error) if isinstance(error, NetworkError) else self.sources().explain(error)

    def _arguments(
        self, clip_shape: "ClipShape", num_classes: int, options: Mapping[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        """What to call the factory with: by position, and by keyword."""
        offer = {"clip_shape": clip_shape, "num_classes": num_classes, "frames": clip_shape[2]}
        signature = self._signature()
        parameters = signature.parameters.values()
        takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
        named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
        for option in options:
            if option in offer or not (takes_any or option in named):
                own = sorted(named - offer.keys())
                raise NetworkError(
                    f"{self.name} has no option {option!r}{did_you_mean(option, own)}: "
                    f"its options are {', '.join(own) or 'none'}"
                )
        by_name = {key: value for key, value in offer.items() if takes_any or key in named}
        for positional, keywords in (((), by_name), ((clip_shape, num_classes), {})):
            if _fits(signature, positional, {**keywords, **options}, offer):
                return positional, {**keywords, **options}
        required = [p.name for p in parameters if p.default is p.empty and p.name in named]
        missing = [name for name in required if name not in {**offer, **options}]
        if len(missing) > 2 and not by_name:
            missing = missing[2:]  # the first two are taken by position
        given = "".join(f"; give --option {name}=" for name in missing)
        raise NetworkError(
            f"{self.name} takes ({', '.join(signature.parameters)}): its required parameters must "
            "be clip_shape, num_classes or frames, or it must take clip_shape and num_classes by "
            f"position; all others need a default or --option{given}"
        )

    def _signature(self) -> inspect.Signature:
        try:
            return inspect.signature(self._factory)
        except (TypeError, ValueError) as error:
            raise NetworkError(
                f"the parameters of {self.name} cannot be read: wrap it in a function that names "
                "them"
            ) from error


def load_factory(spec: str, *, fresh: bool = False) -> UserNetwork:
    """The network of a user's file; `spec` is `path/to/file.py:factory`.

    The file is executed once in a process, unless it or what it imported has changed on disk; with
    `fresh`, it is executed again if it has imported more files since. Leaves `sys.modules`
    unchanged, except for libraries that the file imported first. Raises `NetworkError` where the
    file cannot be read or fails, or has no such factory.
    """
    path, _, attribute = spec.rpartition(":")
    if not path.endswith(".py") or not attribute:
        raise NetworkError(f"{spec!r} does not name a factory: write path/to/file.py:factory")
    file = Path(path).resolve()
    known = _executed.get(file)
    if known and fresh and known[0].sources() != known[2]:
        known = None
    if known is None or not known[0].sources().are_current():
        known = _executed[file] = _execute(file, path)
    imports, module, _ = known
    factory = getattr(module, attribute, None)
    if attribute not in vars(module) and factory is None:
        near = did_you_mean(attribute, vars(module))
        raise NetworkError(f"{path} has no {attribute!r}{near}: name a function or class of it")
    if not callable(factory):
        kind = type(factory).__name__
        raise NetworkError(f"{spec} is of type {kind}: name a function or class of the file")
    return UserNetwork(spec, factory, imports)


def _execute(file: Path, name: str) -> tuple[OwnImports, ModuleType, Sources]:
    try:
        imports = OwnImports(file)
    except OSError as error:
        raise NetworkError(f"cannot read {name}: {error.strerror}: name a Python file") from error
    try:
        with contained(), imports.active():
            module = import_module(imports.name)
    except (Exception, SystemExit) as error:
        reason = imports.sources().explain(error)
        raise NetworkError(f"{name} fails: {reason}: try it with python alone") from error
    return imports, module, imports.sources()


@contextmanager
def contained() -> Iterator[None]:
    """Within: prints go to stderr. After: torch's global state is as it was before.

    That is the default type and device, the gradient mode, the random state, the number of threads
    and what tells cuDNN and torch how to choose algorithms.
    """
    import torch

    cudnn = torch.backends.cudnn
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    devices = range(torch.cuda.device_count() if torch.cuda.is_initialized() else 0)
    with ExitStack() as after:
        for flag in ("enabled", "benchmark", "deterministic"):
            after.callback(setattr, cudnn, flag, getattr(cudnn, flag))
        after.callback(
            torch.use_deterministic_algorithms,
            torch.are_deterministic_algorithms_enabled(),
            warn_only=warn_only,
        )
        after.callback(torch.set_num_threads, torch.get_num_threads())
        after.callback(torch.set_default_dtype, torch.get_default_dtype())
        after.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        after.callback(_device_restorer())
        after.enter_context(torch.random.fork_rng(devices))
        after.enter_context(redirect_stdout(sys.stderr))
        yield


def _device_restorer() -> Callable[[], None]:
    """A function that restores the current default device.

    `torch.set_default_device` alone does not where the device was set inside of `torch.device`.
    """
    import torch
    from torch.overrides import _get_current_function_mode_stack, _pop_mode, _push_mode
    from torch.utils import _device

    stack, device = _get_current_function_mode_stack(), _device.CURRENT_DEVICE
    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)

    def restore() -> None:
        for _ in _get_current_function_mode_stack():
            _pop_mode()
        for mode in stack:
            _push_mode(mode)
        _device.CURRENT_DEVICE = device
        torch._GLOBAL_DEVICE_CONTEXT.device_context = context

    return restore


def _fits(
    signature: inspect.Signature,
    positional: Sequence[object],
    keywords: Mapping[str, object],
    offer: Mapping[str, object],
) -> bool:
    """Whether the arguments match, and every parameter named in `offer` gets its own value."""
    try:
        bound = signature.bind(*positional, **keywords).arguments
    except TypeError:
        return False
    return all(bound.get(name, value) is value for name, value in offer.items())
