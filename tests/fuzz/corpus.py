"""Corpora: inputs that reach different parts of a decoder, kept as a list of texts a target (bytes as Latin-1)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "corpus"
INPUTS_MOST = 400
"""Inputs kept of a target; the shortest, which say the same in fewer bytes."""
BYTES_MOST = 4_096


def kept(name: str) -> list[bytes]:
    """Return the corpus of a target."""
    path = FOLDER / f"{name}.json"
    return [text.encode("latin-1") for text in json.loads(path.read_text("utf-8"))] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes]) -> int:
    """Write the corpus of a target anew and return how many inputs it holds."""
    short = sorted({one for one in inputs if len(one) <= BYTES_MOST}, key=lambda one: (len(one), one))[:INPUTS_MOST]
    text = json.dumps([one.decode("latin-1") for one in short], indent=0)
    (FOLDER / f"{name}.json").write_text(text + "\n", "utf-8")
    return len(short)


def unpack(name: str, folder: Path) -> None:
    """Write each input as a file of its own, as a fuzzer reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in kept(name):
        (folder / sha1(one, usedforsecurity=False).hexdigest()).write_bytes(one)


def files_of(folder: Path) -> list[bytes]:
    """Return the inputs a fuzzer left."""
    return [path.read_bytes() for path in folder.iterdir() if path.is_file()]
