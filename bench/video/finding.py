"""Finding the files of a list: any suffix of a video, spaces or underscores in folders."""

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

# Of video files as people keep them. Another file is a video if its first bytes say so.
NAMES = (
    "mp4 m4v mov qt 3gp 3g2 mj2 webm mkv mk3d avi divx flv f4v wmv asf mpg mpeg mpe m1v m2v m2p ps "
    "vob ts mts m2ts m2t tod mod ogv ogg ogm mxf nut rm rmvb dv gif ivf wtv gxf y4m h261 h263 h264 "
    "264 avc h265 265 hevc h266 vvc av1 obu mjpg mjpeg vc1 drc dnxhd swf nsv"
)
SUFFIXES = frozenset(NAMES.split())
START_BYTES = 12
STARTS = re.compile(  # of MP4 but not its audio, Matroska, AVI, MPEG, FLV, Ogg and ASF
    rb"....(ftyp(?!M4[AB])|moov|mdat|wide)|\x1a\x45\xdf\xa3|RIFF....AVI |\0\0\x01[\xb3\xba]|FLV\x01"
    rb"|OggS|\x30\x26\xb2\x75\x8e\x66\xcf\x11",
    re.DOTALL,
)


def is_video(path: Path) -> bool:
    """Whether a file is a video by its suffix or its first bytes, even if it is damaged."""
    if path.suffix.lower().removeprefix(".") in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return STARTS.match(file.read(START_BYTES)) is not None
    except OSError:
        return False


class Finder:
    """Finds files below a folder, of which every subfolder is listed at most once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._list = cache(self._list_folder)

    def find(self, paths: Sequence[str], *, folders: bool = False) -> list[str]:
        """Where the first of `paths` that leads to a file, or to a folder, leads to from the root.

        Words in the names of folders on the way may differ in case and in what separates them. The
        file may have another suffix of a video, or none. Several results are ambiguous.
        """
        for path in paths:
            if found := self._follow("", PurePosixPath(path).parts, folders):
                return found
        return []

    def _follow(self, above: str, parts: Sequence[str], folders: bool) -> list[str]:
        listed = self._list(above)
        name, *rest = parts
        if not rest:
            if folders:
                similar = [entry for entry in listed.folders.get(_words(name), ()) if entry == name]
            else:
                similar = listed.files.get(_stem(name), [])
            return [f"{above}{entry}" for entry in ([name] if name in similar else similar)]
        similar = listed.folders.get(_words(name), [])
        exact = [entry for entry in similar if entry == name]
        for entries in (exact, [entry for entry in similar if entry != name]):
            below = [self._follow(f"{above}{entry}/", rest, folders) for entry in entries]
            if any(below):
                return [path for paths in below for path in paths]
        return []

    def _list_folder(self, folder: str) -> "_Listed":
        listed = _Listed({}, {})
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    if _is_folder(entry):
                        listed.folders.setdefault(_words(entry.name), []).append(entry.name)
                    else:
                        listed.files.setdefault(_stem(entry.name), []).append(entry.name)
        except OSError:  # it does not exist, its name is too long, or it may not be read
            pass
        return listed


@dataclass(frozen=True)
class _Listed:
    """The names in a folder: files by name without suffix, folders by their words."""

    files: dict[str, list[str]]
    folders: dict[str, list[str]]


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _stem(name: str) -> str:
    """`name` without the suffix of a video, its accents in one form: systems write them in two."""
    name = unicodedata.normalize("NFC", name)
    stem, _, suffix = name.rpartition(".")
    return stem if stem and suffix.lower() in SUFFIXES else name


def _words(name: str) -> str:
    """The words in `name`, whatever separates them, without case."""
    words = unicodedata.normalize("NFC", name).casefold()
    return re.sub(r"[\W_]+", "_", words).strip("_")
