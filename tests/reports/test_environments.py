from bench.machine.environment import current_environment
from reports.environments import build_environments
from tests.records import measurement, point

HERE = current_environment().model_copy(
    update={"processor": "Slow", "cores": 2, "memory_bytes": 2**33, "system": "Linux"}
)


def test_a_machine_is_one_entry_with_every_version() -> None:
    versions = [HERE.model_copy(update={"packages": {"torch": v}}) for v in ("2.8", "2.9", "2.8")]
    (entry,) = build_environments([measurement(point(), environment=e) for e in versions])
    assert entry.description == "Slow, 2 cores, 8.0 GiB, Linux"
    assert entry.versions == (("Python", HERE.python), ("torch", "2.8, 2.9"))


def test_an_accelerator_is_a_machine_of_its_own_beside_its_processor() -> None:
    gpu = HERE.model_copy(update={"accelerator": "Fast", "accelerator_memory_bytes": 80 * 2**30})
    entries = build_environments([measurement(point(), environment=e) for e in (HERE, gpu, HERE)])
    assert [entry.description for entry in entries] == [
        "Fast, 80 GiB, with Slow, 2 cores, 8.0 GiB, Linux",
        "Slow, 2 cores, 8.0 GiB, Linux",
    ]
