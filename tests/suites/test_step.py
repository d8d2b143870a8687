import pytest
from pydantic import ValidationError

from suites.errors import SuiteError
from suites.step import DEFAULT_STEP, StepOptions
from suites.toml import read_section


def test_the_default_is_one_gpu_with_momentum_and_freed_gradients() -> None:
    assert (
        StepOptions(
            optimizer="sgd_momentum",
            update="default",
            gradients="freed",
            parallel="none",
            accumulation=1,
        )
        == DEFAULT_STEP
    )


def test_a_step_is_written_without_what_is_at_its_default() -> None:
    assert str(DEFAULT_STEP) == ""
    assert str(StepOptions(optimizer="adamw", parallel="ddp")) == "AdamW, DDP"
    full = StepOptions(
        optimizer="sgd", update="fused", gradients="zeroed", parallel="ddp_views", accumulation=4
    )
    assert str(full) == (
        "SGD, fused update, gradients zeroed, DDP with gradients as views, 4 batches an update"
    )


def test_different_steps_are_written_differently() -> None:
    steps = [
        StepOptions.model_validate({name: value})
        for name, values in {
            "optimizer": ("sgd", "sgd_momentum", "adam", "adamw"),
            "update": ("foreach", "fused", "single"),
            "gradients": ("zeroed",),
            "parallel": ("ddp", "ddp_views"),
            "accumulation": (2, 3),
        }.items()
        for value in values
    ]
    assert len({str(step) for step in steps}) == len(steps)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimiser": "adam"}, r"optimiser: unknown key \(did you mean 'optimizer'\?\)"),
        ({"optimizer": "lion"}, r"optimizer: should be 'sgd', .* not 'lion'"),
        ({"accumulation": 0}, r"accumulation: should be greater than or equal to 1, not 0"),
    ],
)
def test_another_option_is_refused_in_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(SuiteError, match=rf"^step: {message}$"):
        read_section(options, StepOptions, "step")
    with pytest.raises(ValidationError):
        StepOptions.model_validate(options)
