from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from bench.commands import COMMANDS, Parser
from suites import SuiteError, bundled_suites
from suites.stages import Plan, Plans, ReportSection, Stage, load_stages
from suites.toml import load_toml

EVERY = tuple(dict.fromkeys(stage for plan in get_args(Plan) for stage in load_stages(plan)))


@pytest.mark.parametrize("stage", EVERY, ids=lambda stage: " ".join(stage.command))
def test_the_command_of_a_stage_can_be_parsed(stage: Stage) -> None:
    name, *arguments = stage.command
    parser = Parser()
    import_module(COMMANDS[name][0]).arguments(parser)
    parsed = parser.parse_args([*arguments, "--store", "s.sqlite"])
    assert getattr(parsed, "suite", "paper") in bundled_suites()


def test_the_sections_of_stages_are_sections_of_the_page() -> None:
    of_stages = {section for stage in EVERY for section in stage.sections}
    assert of_stages == set(get_args(ReportSection))
    folder = files("reports").joinpath("templates", "sections")
    assert all(folder.joinpath(f"{name}.html.jinja").is_file() for name in of_stages)


def test_both_plans_begin_with_costs_that_follow_from_shapes() -> None:
    titles = [stage.title for stage in load_stages("quick")]
    assert titles[0] == "costs that follow from shapes"
    assert load_stages("full")[0] == load_stages("quick")[0]


def test_an_unknown_stage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "stages.toml"
    stage = '[stage.a]\ntitle = "t"\nbrings = "b"\ncommand = ["run", "s"]\n'
    path.write_text(f'quick = ["a"]\nfull = ["b"]\n{stage}')
    with pytest.raises(SuiteError, match="there is no stage 'b'"):
        load_toml(path, Plans)
