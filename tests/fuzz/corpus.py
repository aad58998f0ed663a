"""Corpora: inputs that reach different parts of a decoder, kept as a list of texts a target (bytes as Latin-1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"
INPUTS_MOST = 400
"""Inputs kept of a target; the shortest, which say the same in fewer bytes, after those that were kept before."""
BYTES_MOST = 4_096
"""Bytes of one of them."""
TOTAL_BYTES = 100_000
"""Bytes of them all."""


def kept(name: str) -> list[bytes]:
    """Return the corpus of a target."""
    path = FOLDER / f"{name}.json"
    return [text.encode("latin-1") for text in json.loads(path.read_text("utf-8"))] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes]) -> int:
    """Add to the corpus of a target while there is room, and return how many inputs it holds."""
    before = dict.fromkeys(kept(name))
    short = sorted({one for one in inputs if len(one) <= BYTES_MOST} - before.keys(), key=lambda one: (len(one), one))
    room, chosen = TOTAL_BYTES, []
    for one in (*before, *short):
        room -= len(one)
        if room < 0 or len(chosen) == INPUTS_MOST:
            break
        chosen.append(one)
    text = json.dumps([one.decode("latin-1") for one in chosen], indent=0)
    (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")
    return len(chosen)


def unpack(name: str, folder: Path) -> None:
    """Write each input as a file of its own, as a fuzzer reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in kept(name):
        (folder / sha1(one, usedforsecurity=False).hexdigest()).write_bytes(one)


def files_of(folder: Path) -> list[bytes]:
    """Return the inputs a fuzzer left."""
    return [path.read_bytes() for path in folder.iterdir() if path.is_file()]
