"""A trial of a user's network: does it map clips of N x C x T x H x W to N x classes, and how?"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook

from models.errors import ClipError, NetworkError
from models.input_forms import CLIP, FORMS, INPUT, OUTPUT
from models.logits import describe, find_logits
from models.meta import build_on_meta
from models.wrappers import evaluating

ON_TWO_DEVICES = re.compile("on device (cpu|meta)|two devices")  # as torch says it
QUANTISED = "torch.ao.nn.quantized"
GUIDE = "docs/guides/network.md"

ClipShape = tuple[int, int, int, int, int]
Build = Callable[[ClipShape, Mapping[str, object]], nn.Module]  # for clips, with options


@dataclass(frozen=True)
class Findings:
    """What a trial has found.

    A network that `needs_values` cannot run on the meta device. `notes` say what a reader of its
    figures should know.
    """

    needs_values: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """Trials of the network `name`, which `build` builds; `explain` makes one line of an error."""

    name: str
    build: Build
    explain: Callable[[BaseException], str]
    options: Mapping[str, object]
    num_classes: int

    def run(self, clip_shape: ClipShape, *, trains: bool = False) -> Findings:
        """Run the network on the meta device; where that fails, on the CPU over one clip.

        `trains` asks for notes on training too. Raises `NetworkError` if it fails on both, or does
        not give N x classes.
        """
        reason = ""
        try:
            model = build_on_meta(lambda: self.build(clip_shape, self.options))
            answer = self._answer(model.eval(), torch.empty(clip_shape, device="meta"))
        except (Exception, SystemExit) as error:
            reason = self.explain(error)
            if ON_TWO_DEVICES.search(reason):
                reason += ": keep its constant tensors as buffers, with register_buffer"
            clip_shape = (1, *clip_shape[1:])
            model, answer = self._run_on_cpu(clip_shape)
        self._check_shape(answer, clip_shape)
        return Findings(
            bool(reason), tuple(self._notes(model, answer, clip_shape, reason, trains=trains))
        )

    def _run_on_cpu(self, clip_shape: ClipShape) -> tuple[nn.Module, Any]:
        model = None
        try:
            with torch.device("cpu"):
                model = self.build(clip_shape, self.options)
                return model, self._answer(model.eval(), torch.randn(clip_shape))
        except (Exception, SystemExit) as error:
            reason = self.explain(error)
            if not isinstance(error, NetworkError):
                reason = f"{self.name} cannot take a clip of {clip_shape}: {reason}"
            elif not isinstance(error, ClipError):
                raise
            raise NetworkError(f"{reason}{self._cause(model, clip_shape)}") from error

    def _answer(self, model: nn.Module, clip: Tensor) -> Any:
        """What the network itself returns for `clip`, after its adapter has found the logits."""
        answers: list[Any] = []
        # The first hook: what the network returns, before its adapter takes the logits.
        hook = nn.Module.register_forward_hook(
            model, lambda module, args, answer: answers.append(answer), prepend=True
        )
        try:
            with clip.device, torch.no_grad(), _clip_is_not_mixed(clip) as mixed:
                model(clip)
        finally:
            hook.remove()
        if mixed:
            forms = self._fitting_forms(clip.shape)
            raise NetworkError(
                f"{self.name} mixes colours and frames: its {mixed[0]} gets a reshaped clip, whose "
                f"pictures are not frames: move the frames first{_advice(forms)}"
            )
        return answers[0]

    def _check_shape(self, answer: Any, clip_shape: ClipShape) -> None:
        logits, _ = find_logits(answer, self.num_classes, str(self.options.get(OUTPUT, "")))
        shape, found = (clip_shape[0], self.num_classes), tuple(logits.shape)
        if found == shape:
            return
        n, _, frames, _, _ = clip_shape
        advice = f"let forward return a tensor of {shape}, clips x classes"
        if frames > 1 and found == (n * frames, self.num_classes):
            advice += f": the mean over the frames is y.unflatten(0, (-1, {frames})).mean(1)"
        raise NetworkError(f"{self.name} returns {found} for a clip of {clip_shape}: {advice}")

    def _cause(self, model: nn.Module | None, clip_shape: ClipShape) -> str:
        """Why it cannot take a clip, and what to do; "" if neither is known."""
        forms = self._fitting_forms(clip_shape)
        if forms:
            return f": it takes {FORMS[forms[0]].meaning}{_advice(forms)}"
        if model is None:
            return ""
        needed = [
            p.name
            for p in inspect.signature(model.forward).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
        if len(needed) < 2:
            return ""
        return (
            f": its forward takes {', '.join(needed)}: wrap it in a module that makes them of one "
            f"clip: def forward(self, clip): return self.network(clip, ...), as {GUIDE} shows"
        )

    def _fitting_forms(self, clip_shape: Sequence[int]) -> list[str]:
        """The other forms of input with which it maps two clips to 2 x classes."""
        if self.options.get(INPUT, CLIP) != CLIP:
            return []
        return [form for form in FORMS if form != CLIP and self._fits(form, clip_shape)]

    def _fits(self, form: str, clip_shape: Sequence[int]) -> bool:
        _, colours, frames, height, width = clip_shape
        two_clips = (2, colours, frames, height, width)
        try:
            model = build_on_meta(lambda: self.build(two_clips, {**self.options, INPUT: form}))
            with torch.device("meta"), torch.no_grad(), evaluating(model):
                logits = model(torch.empty(two_clips))
        except (Exception, SystemExit):
            return False
        return tuple(logits.shape) == (2, self.num_classes)

    def _notes(
        self, model: nn.Module, answer: Any, clip_shape: ClipShape, reason: str, *, trains: bool
    ) -> Iterator[str]:
        """What to know about figures of the network."""
        if reason:
            yield (
                f"{self.name} runs only on tensors with values ({reason}): its MACs are counted "
                "in a pass over random values"
            )
        if any(type(module).__module__.startswith(QUANTISED) for module in model.modules()):
            yield f"{self.name} is quantised: its packed weights are no parameters"
        where = self._place(answer)
        if where:
            yield f"{self.name} returns {describe(answer)}, of which {where} is used"
        elif trains and (trained := self._answer_in_training(model, clip_shape)) is not None:
            where = self._place(trained)
            if where:
                yield (
                    f"{self.name} returns {describe(trained)} in training, of which {where} alone "
                    "gets a loss"
                )

    def _answer_in_training(self, model: nn.Module, clip_shape: ClipShape) -> Any:
        """What it returns for two clips in training; None where it fails, as training then does."""
        like = next(model.parameters(), torch.empty(0))
        try:
            return self._answer(model.train(), torch.randn(2, *clip_shape[1:], device=like.device))
        except (Exception, SystemExit):
            return None

    def _place(self, answer: Any) -> str:
        return find_logits(answer, self.num_classes, str(self.options.get(OUTPUT, "")))[1]


@contextmanager
def _clip_is_not_mixed(clip: Tensor) -> Iterator[list[str]]:
    """Within: notes each module that takes pictures which mix the colours and frames of `clip`.

    They are views of the clip, N x C x T x H x W, as C x H x W, in which the next colour is not
    T*H*W values away: a reshape has taken it from the next frame.
    """
    _, colours, frames, height, width = clip.shape
    found: list[str] = []

    def look(module: nn.Module, args: tuple[Any, ...]) -> None:
        for value in args:
            if not isinstance(value, Tensor) or value.dim() != 4 or value.shape[1] != colours:
                continue
            is_view = value.untyped_storage()._cdata == clip.untyped_storage()._cdata
            if is_view and value.stride(1) != frames * height * width:
                found.append(type(module).__name__)

    hook = register_module_forward_pre_hook(look)
    try:
        yield found
    finally:
        hook.remove()


def _advice(forms: list[str]) -> str:
    return f": use --input {' or '.join(forms)}" if forms else ""
