"""Networks from anybody's file, `path/to/file.py:factory`. A clip is N x C x T x H x W.

What the file imports comes from its own folder first, also where a package of it is called
`models` as ours is, and also when the import runs only later, inside the factory or `forward`.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import NetworkError
from models.own_imports import OwnImports
from models.registry import did_you_mean

if TYPE_CHECKING:
    from torch import nn

    ClipShape = tuple[int, int, int, int, int]


@dataclass(frozen=True)
class UserNetwork:
    """A factory in a user's file; `name` is what was typed to name it."""

    name: str
    _factory: Callable[..., object]
    _imports: OwnImports

    def fingerprint(self) -> str:
        """12 hex digits over the file and what it has imported from its folder so far."""
        return self._imports.fingerprint()

    def build(
        self, clip_shape: "ClipShape", num_classes: int, options: Mapping[str, object]
    ) -> "nn.Module":
        """What the factory makes for clips of `clip_shape`, (N, C, T, H, W), and `num_classes`.

        Raises `NetworkError` where it cannot be called with these, raises, or makes no `nn.Module`.
        """
        from torch import nn

        positional, keywords = self._arguments(clip_shape, num_classes, options)
        try:
            with self._imports.active():
                model = self._factory(*positional, **keywords)
        except (Exception, SystemExit) as error:
            reason = self._imports.reason(error)
            raise NetworkError(f"{self.name} cannot build its network: {reason}") from error
        if not isinstance(model, nn.Module):
            raise NetworkError(
                f"{self.name} returns {type(model).__name__}: let it return a torch.nn.Module"
            )
        return model

    def check(
        self, clip_shape: "ClipShape", num_classes: int, options: Mapping[str, object]
    ) -> None:
        """Raise `NetworkError` unless clips of `clip_shape`, (N, C, T, H, W), give N x classes.

        Network and clip are on PyTorch's meta device, where a forward pass computes nothing.
        """
        import torch

        try:
            with torch.device("meta"):
                model = self.build(clip_shape, num_classes, options)
        except NetworkError:  # a factory may read values, which tensors on meta do not have
            model = self.build(clip_shape, num_classes, options).to("meta")
        try:
            with torch.device("meta"), torch.no_grad():
                logits = model.eval()(torch.empty(clip_shape))
        except (Exception, SystemExit) as error:
            reason = self._imports.reason(error)
            raise NetworkError(
                f"{self.name} cannot take a clip of {clip_shape}: {reason}"
            ) from error
        shape = (clip_shape[0], num_classes)
        is_tensor = isinstance(logits, torch.Tensor)
        answer = tuple(logits.shape) if is_tensor else type(logits).__name__
        if answer != shape:
            raise NetworkError(
                f"{self.name} answers a clip of {clip_shape} with {answer}: "
                f"let forward return a tensor of {shape}, clips x classes"
            )

    def _arguments(
        self, clip_shape: "ClipShape", num_classes: int, options: Mapping[str, object]
    ) -> tuple[tuple[object, ...], dict[str, object]]:
        """What to call the factory with: by position, and by keyword."""
        offer = {"clip_shape": clip_shape, "num_classes": num_classes, "frames": clip_shape[2]}
        try:
            signature = inspect.signature(self._factory)
        except (TypeError, ValueError) as error:
            raise NetworkError(
                f"{self.name} does not tell its parameters: wrap it in a function that names them"
            ) from error
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
        raise NetworkError(
            f"{self.name} takes ({', '.join(signature.parameters)}): let it name clip_shape, "
            "num_classes or frames, or take the first two by position, and only options beside them"
        )


def load_factory(spec: str) -> UserNetwork:
    """Execute a user's file and return its network; `spec` is `path/to/file.py:factory`.

    Leaves `sys.modules` as it was, but for modules from elsewhere that the file was first to
    import. Raises `NetworkError` where the file cannot be read or fails, or has no such factory.
    """
    path, _, attribute = spec.rpartition(":")
    if not path.endswith(".py") or not attribute:
        raise NetworkError(f"{spec!r} names no factory: write path/to/file.py:factory")
    try:
        imports = OwnImports(Path(path).resolve())
    except OSError as error:
        raise NetworkError(f"cannot read {path}: {error.strerror}: name a Python file") from error
    try:
        with imports.active():
            module = imports.execute()
            factory = getattr(module, attribute, None)
    except (Exception, SystemExit) as error:
        reason = imports.reason(error)
        raise NetworkError(f"{path} fails: {reason}: try it with python alone") from error
    if attribute not in vars(module) and factory is None:
        near = did_you_mean(attribute, vars(module))
        raise NetworkError(f"{path} has no {attribute!r}{near}: name a function or class of it")
    if not callable(factory):
        kind = type(factory).__name__
        raise NetworkError(f"{spec} is of type {kind}: name a function or class of the file")
    return UserNetwork(spec, factory, imports)


def _fits(
    signature: inspect.Signature,
    positional: Sequence[object],
    keywords: Mapping[str, object],
    offer: Mapping[str, object],
) -> bool:
    """Whether a call has what it needs, and nothing of `offer` under another one's name."""
    try:
        bound = signature.bind(*positional, **keywords).arguments
    except TypeError:
        return False
    return all(bound.get(name, value) is value for name, value in offer.items())
