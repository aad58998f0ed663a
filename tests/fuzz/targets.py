"""What is fuzzed: a name, and a function that takes any bytes and raises where something is wrong with our code.

A decoder that takes bytes from outside is one line in `TARGETS`; its corpus is tests/fuzz/corpus/NAME.json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from api.ingest.protocols import PROTOCOLS
from tests.fuzz import forms, terminals
from tests.fuzz.phones import door, protocol

Target = Callable[[bytes], None]

TARGETS: Final[dict[str, Target]] = {
    **{one.name: protocol(one) for one in PROTOCOLS},
    "phone-door": door,
    "jt808-stream": terminals.stream,
    "jt808-body": terminals.body,
    "form": forms.form,
    "form-upload": forms.upload,
    "form-log": forms.log,
    "form-signature": forms.signature,
}
