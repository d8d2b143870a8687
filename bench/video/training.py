"""Training on videos with SGD as in the paper; the same seed gives the same weights on one CPU.

Random numbers depend on the seed and the step only. So an interrupted training run continues from
its last complete step with the same result.
"""

import math
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bench.errors import BenchError
from bench.video.loading import TrainingClip, TrainingSet, Unusable, UnusableVideos, load_items
from bench.video.recipe import Recipe
from bench.wording import count_text
from bench.workload.steps import autocast
from models.checkpoint import network_of
from models.registry import CONFIGURATION
from suites.fields import Precision

OnStep = Callable[[int, float, float], object]

FORMAT_VERSION = 2  # of a saved training run; 1: step, weights, optimizer; 2: unusable videos too
SAVE_EVERY = 100  # steps, which is the most that a killed training run loses


def prepare_for_training(
    model: nn.Module, recipe: Recipe, seed: int, *, is_tuned: bool = False
) -> None:
    """Set the recipe's dropout and, unless `is_tuned`, start with a new classifier.

    Only registered networks are changed: for other networks, the dropout and the classifier layer
    are not known.
    """
    network = network_of(model)
    if network is None:
        return
    for module in model.modules():
        if isinstance(module, nn.Dropout) and module.p:  # the network uses no dropout with p = 0
            module.p = recipe.dropout
    if not is_tuned:
        weight: Tensor = model.get_submodule(network.classifier).get_parameter("weight")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            weight.data.copy_(torch.randn(weight.shape) * recipe.classifier_std)


class Training:
    """A training run of `model`, in place and on its device.

    With `saved`, the state is kept in that file, and an interrupted training run continues from it.
    Raises `BenchError` for more unusable videos than `unusable` allows, and if the loss is not
    finite.
    """

    def __init__(
        self,
        model: nn.Module,
        clips: TrainingSet,
        recipe: Recipe,
        *,
        precision: Precision = "fp32",
        saved: Path | None = None,
        unusable: UnusableVideos | None = None,
        workers: int = 0,
    ) -> None:
        if len(clips) < recipe.batch:
            raise BenchError(
                f"{count_text(len(clips), 'video')} cannot fill a batch of {recipe.batch}: "
                "use a smaller batch"
            )
        self._model, self._clips, self._recipe = model, clips, recipe
        self._precision, self._saved, self._workers = precision, saved, workers
        self.unusable = UnusableVideos(len(clips)) if unusable is None else unusable
        self._per_epoch = len(clips) // recipe.batch
        self.steps = recipe.epochs * self._per_epoch
        self.step = self.kept = 0  # completed steps, and saved steps
        self._shuffled = -1, np.array([])  # an epoch, and the order of its videos
        self._device = next(model.parameters()).device
        self._optimizer = torch.optim.SGD(
            model.parameters(),
            recipe.learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
            nesterov=recipe.momentum > 0,
        )
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=precision == "fp16")
        if saved is not None and saved.exists():
            self._resume(saved)

    def run(self, on_step: OnStep = lambda step, loss, rate: None) -> None:
        """Train to the end. An interrupt ends it after the current step, which is saved.

        Calls `on_step` after each step with its number from 1, its mean loss and learning rate.
        """
        with _note_interrupts() as is_interrupted:
            for drawn in self._batches():
                rate = self._recipe.rate(self.step, self.steps)
                loss = self._run_step(drawn, rate)
                self.step += 1
                on_step(self.step, loss, rate)
                if is_interrupted():
                    self.save()
                    raise KeyboardInterrupt
                if self.step % SAVE_EVERY == 0 or self.step == self.steps:
                    self.save()

    def _batches(self) -> Iterator[list[TrainingClip]]:
        """The clips of every remaining step."""
        draws = (draw for step in range(self.step, self.steps) for draw in self._draws(step))
        found = load_items(self._clips, draws, workers=self._workers)
        for _ in range(self.step, self.steps):
            usable = []
            for item in islice(found, self._recipe.batch):
                if isinstance(item, TrainingClip):
                    usable.append(item)
                else:
                    self.unusable.add(item)
                    self.unusable.check()
            yield usable

    def _draws(self, step: int) -> list[tuple[int, int]]:
        """The videos of a step: each once an epoch, without an incomplete last batch."""
        epoch, position = divmod(step, self._per_epoch)
        if self._shuffled[0] != epoch:
            random = np.random.default_rng([self._clips.seed, epoch])
            self._shuffled = epoch, random.permutation(len(self._clips))
        first = position * self._recipe.batch
        order = self._shuffled[1][first : first + self._recipe.batch]
        return [(epoch, int(index)) for index in order]

    def _run_step(self, drawn: list[TrainingClip], rate: float) -> float:
        """Run one step; returns its loss, 0 if fewer than two clips are usable."""
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        if len(drawn) < 2:  # batch norm needs two clips
            return 0.0
        torch.manual_seed(_mix_seed(self._clips.seed, self.step))  # for dropout
        batch = torch.stack([one.clip for one in drawn]).to(self._device)  # N x 3 x T x S x S
        labels = torch.tensor([one.label for one in drawn], device=self._device)
        self._model.train()
        self._optimizer.zero_grad()
        with autocast(batch, self._precision):
            loss = nn.functional.cross_entropy(self._model(batch), labels)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimizer)
        nn.utils.clip_grad_norm_(self._model.parameters(), self._recipe.clip_norm)
        self._scaler.step(self._optimizer)
        self._scaler.update()
        return self._check_loss(loss)

    def _check_loss(self, loss: Tensor) -> float:
        value = float(loss.detach())
        if not math.isfinite(value):
            raise BenchError(
                f"the loss of step {self.step + 1} is {value}: lower the learning rate"
            )
        return value

    def save(self) -> None:
        """Save the state of the training run, whole or not at all."""
        if self._saved is not None:
            parts = {name: part.state_dict() for name, part in self._parts().items()}
            unusable = [tuple(vars(one).values()) for one in self.unusable.by_name.values()]
            done = {"of": self._identity(), "step": self.step, "unusable": unusable}
            _write(self._saved, {**done, **parts})
            self.kept = self.step

    def _resume(self, path: Path) -> None:
        """Continue a saved training run with the same recipe, seed and videos."""
        content = _read(path)
        if content.get("of") != self._identity():
            raise BenchError(
                f"{path}: was saved by a training run with a different network, recipe, seed, list "
                "of videos or way to read them: use the same settings, or give another file"
            )
        try:
            for name, part in self._parts().items():
                part.load_state_dict(content[name])
            self.step = self.kept = int(content["step"])
            for video in content["unusable"]:
                self.unusable.add(Unusable(*video))
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise BenchError(f"{path}: was saved for another network: give another file") from error

    def _parts(self) -> dict[str, Any]:
        """The objects with state that a training run changes."""
        return {"model": self._model, "optimizer": self._optimizer, "scaler": self._scaler}

    def _identity(self) -> dict[str, Any]:
        network = getattr(self._model, CONFIGURATION, type(self._model).__qualname__)
        other = {"network": repr(network), "precision": self._precision}
        return {**asdict(self._recipe), **self._clips.identity, **other}


def _write(path: Path, content: dict[str, Any]) -> None:
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".training.") as folder:
            temporary = Path(folder, path.name)
            torch.save({"format": FORMAT_VERSION, **content}, temporary)
            temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch raises RuntimeError
        reason = str(error).partition("\n")[0]
        raise BenchError(f"{path}: cannot be written ({reason}): give another file") from error


def _read(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises various errors for other files
        raise BenchError(f"{path}: is not a saved training run: give another file") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT_VERSION:
        raise BenchError(f"{path}: is not a saved training run of this version: give another file")
    return content


def _mix_seed(seed: int, step: int) -> int:
    """A seed for a step that differs from those of other steps."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> 1)


@contextmanager
def _note_interrupts() -> Iterator[Callable[[], bool]]:
    """Within: Ctrl-C is noted and does not interrupt a step; a second one raises at once."""
    noted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield noted.is_set
        return

    def note(number: int, frame: object) -> None:
        if noted.is_set():
            raise KeyboardInterrupt
        noted.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield noted.is_set
    finally:
        signal.signal(signal.SIGINT, before)
