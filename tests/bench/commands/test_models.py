import json

import pytest

import models
from bench.commands import main
from bench.commands.models import SHOWN, _depths, _frames
from models.registry import GROUPS


def test_every_network_is_listed_with_its_choices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    listed = {network["name"]: network for network in json.loads(capsys.readouterr().out)}
    assert list(listed) == models.list_models()
    for name, found in listed.items():
        network = models.get_network(name)
        assert found["summary"] == network.summary
        assert found["group"] == network.group
        assert found["source"] == network.source
        assert found["frame_multiple"] == network.frame_multiple
        assert found["only_frames"] == network.only.frames
        assert found["only_sizes"] == network.only.sizes
        assert found["options"] == network.options
        assert set(found["choices"]) == set(network.choices)
    assert listed["tam"]["choices"]["window"] == "3, 5, 7"
    assert listed["tsn"]["depths"]["resnet"] == [18, 34, 50, 101, 152]


def test_the_tables_of_the_groups_have_a_row_for_each_network(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["models"]) == 0
    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    names = [row[1].strip() for row in rows if row[1].strip()]
    assert sorted(names) == models.list_models()
    groups = [models.get_network(name).group for name in names]
    assert groups == sorted(groups, key=GROUPS.index)
    assert set(groups) == set(GROUPS)
    (tam,) = (row for row in rows if row[1].strip() == "tam")
    assert tam[2].strip() == models.get_network("tam").summary
    assert any("window 3 (3, 5, 7)" in row[5] for row in rows)


def test_depths_name_the_backbone_if_there_are_several() -> None:
    assert _depths(models.get_network("tsn")) == "18, 34, 50, 101, 152 (resnet)"
    assert _depths(models.get_network("i3d")) == ""
    assert _depths(models.get_network("i3d_resnet")) == "18, 34, 50, 101, 152"


def test_frames_are_any_multiples_or_one_number() -> None:
    assert _frames(models.get_network("tsn")) == "any"
    assert _frames(models.get_network("blvnet")) == "multiples of 2"
    assert _frames(models.get_network("mvit_v2_s")) == "16"


def test_a_list_of_all_networks_names_a_few_backbones_and_a_network_all(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert main(["models"]) == 0
    printed = capsys.readouterr().out
    assert "mobilenet_v2" in printed
    assert "regnet_x_400mf" not in printed
    count = len(models.get_network("tam").choices["backbone"])  # type: ignore[arg-type]
    assert f" and {count - SHOWN} more)" in printed
    assert "'blvbench models NAME' lists all values" in printed
    assert main(["models", "tam", "uniformer"]) == 0
    printed = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "convnext_large)" in printed
    assert "uniformer" in printed
    assert "blvnet" not in printed


def test_an_unknown_network_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "tsnn"]) == 2
    assert "there is no network 'tsnn' (did you mean 'tsn'?)" in capsys.readouterr().err
