"""Inputs guided by coverage: `python -m tests.fuzz.guided -runs=10000`, for every reader in turn.

`--reader NAME` picks one; other arguments go to libFuzzer. It needs atheris, of the group
`nightly`, and says so where that does not install.
"""

import subprocess
import sys
from argparse import ArgumentParser
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

# What is traced decides what atheris looks for: the parsers, not the libraries of arrays.
PARSERS = ["bench", "models", "suites", "csv", "json", "pickletools", "tomllib", "zipfile"]


def fuzz(name: str, flags: list[str], folder: Path) -> None:
    """Give one reader inputs; the process ends with them, or with one that it cannot answer."""
    import atheris

    with atheris.instrument_imports(include=PARSERS):
        from tests.fuzz.readers import READERS
    reader = READERS[name]
    place, corpus = folder / "place", folder / "corpus"
    place.mkdir()
    corpus.mkdir()
    for number, seed in enumerate(reader.seeds()):
        (corpus / str(number)).write_bytes(seed)

    def check(content: bytes) -> None:
        reader.check(place, content)

    atheris.Setup([sys.argv[0], *flags, str(corpus)], check)
    atheris.Fuzz()


def fuzz_all(flags: list[str]) -> list[str]:
    """Fuzz every reader in a process of its own; the names of those that failed."""
    from tests.fuzz.readers import READERS

    failed = []
    for name in READERS:
        print(f"{name}:", file=sys.stderr)
        command = [sys.executable, "-m", "tests.fuzz.guided", "--reader", name, *flags]
        with TemporaryDirectory() as folder:  # which libFuzzer leaves behind
            if subprocess.run([*command, "--folder", folder], check=False).returncode:
                failed.append(name)
    return failed


def main() -> int:
    """Fuzz as the command line says; 1 where a reader failed."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--reader")
    parser.add_argument("--folder", type=Path)
    arguments, flags = parser.parse_known_args()
    if find_spec("atheris") is None:
        print("atheris has no wheels for this Python or machine: nothing is fuzzed by it")
        return 0
    if arguments.reader:
        fuzz(arguments.reader, flags, arguments.folder)
        return 0
    failed = fuzz_all(flags)
    print(f"failed: {', '.join(failed)}" if failed else "every reader answered every input")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
