"""`zhuanche replay`: send a recorded track over HTTP as a phone would, with the faults that phones have.

A phone sends a batch again until it is answered, may send it twice all the same, and out of order. What the service
stores must not depend on any of that.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import msgspec
import typer

from api.cli.progress import progress
from api.recorded_track import RecordedFix, UnreadableTrackError, read_track

TRIES: Final = 20
"""How often a batch is sent before the replay gives up."""
PAUSE_S: Final = 0.5
"""Between tries, where the service asked for time."""
COUNTS: Final = ("stored", "repeated", "held", "aside")

Post = Callable[[bytes], httpx.Response]
"""Sends one body to `/v1/positions`."""


class ReplayFailed(Exception):
    """The track could not be sent; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong: batches sent twice, batches out of order, answers that never arrive."""

    duplicate: bool = False
    reorder: bool = False
    drop_answers: bool = False
    seed: int = 0


def replay(
    path: Annotated[Path, typer.Argument(metavar="TRACK", help="A recorded track, CSV or GPX.")],
    *,
    token: Annotated[str, typer.Option(help="The device's token.", envvar="DEVICE_TOKEN")],
    url: Annotated[str, typer.Option(help="Address of the service.")] = "http://127.0.0.1:8000",
    speed: Annotated[float, typer.Option(help="How many times faster than recorded; 0: at once.", min=0)] = 0,
    batch: Annotated[int, typer.Option(help="Fixes a request carries.", min=1, max=1_000)] = 60,
    start: Annotated[
        datetime | None, typer.Option(help="When the first fix is to have been; now, if left out.")
    ] = None,
    as_recorded: Annotated[bool, typer.Option("--as-recorded", help="Keep the recorded times.")] = False,
    duplicate: Annotated[bool, typer.Option("--duplicate", help="Send some batches twice.")] = False,
    reorder: Annotated[bool, typer.Option("--reorder", help="Send batches out of order.")] = False,
    drop_answers: Annotated[bool, typer.Option("--drop-answers", help="Lose some answers and send again.")] = False,
    seed: Annotated[int, typer.Option(help="Repeats the same faults.")] = 0,
) -> None:
    """Send a recorded track to the service as a phone would.

    Its token is better told in DEVICE_TOKEN: other accounts of the machine can read the command line.

    Example: zhuanche replay drive.csv --url http://127.0.0.1:8000
    """
    try:
        fixes = read_track(path)
    except (OSError, UnreadableTrackError) as fault:
        raise ReplayFailed(f"The track cannot be read: {fault}") from fault
    if not as_recorded:
        first_at = (start or datetime.now(UTC)).astimezone(UTC)
        fixes = shifted(fixes, first_at)
    faults = Faults(duplicate=duplicate, reorder=reorder, drop_answers=drop_answers, seed=seed)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:

        def post(body: bytes) -> httpx.Response:
            return client.post("/v1/positions", content=body, headers={"Content-Type": "application/json"})

        bodies = sendings(batches(fixes, batch), faults)
        with progress(f"Sending {path.name}", len(bodies)) as bar:
            counts = send_all(post, bodies, faults, _waits(fixes, len(bodies), speed), bar.advance)
    typer.echo(", ".join(f"{counts[name]} {name}" for name in COUNTS))


def shifted(fixes: Sequence[RecordedFix], first_at: datetime) -> list[RecordedFix]:
    """Return the fixes moved in time so that the first one was at that instant."""
    return [replace(fix, at=first_at + (fix.at - fixes[0].at)) for fix in fixes]


def batches(fixes: Sequence[RecordedFix], size: int) -> list[bytes]:
    """Return the bodies of the requests that carry the fixes, in order; places are sent as they were recorded."""
    return [_body(fixes[begin : begin + size], begin) for begin in range(0, len(fixes), size)]


def sendings(bodies: Sequence[bytes], faults: Faults) -> list[bytes]:
    """Return the bodies in the order and as often as they are sent."""
    chance = random.Random(faults.seed)  # noqa: S311 - faults to be repeated, no secret
    sent = [body for body in bodies for _ in range(2 if faults.duplicate and chance.random() < 0.3 else 1)]  # noqa: PLR2004 - some
    if faults.reorder:
        chance.shuffle(sent)
    return sent


def send_all(
    post: Post,
    bodies: Iterable[bytes],
    faults: Faults,
    wait_s: float = 0,
    answered: Callable[[], None] = lambda: None,
) -> Counter[str]:
    """Send every body until it is answered, and return what the answers counted; `answered` is called after each.

    Raises:
        ReplayFailed: the service refused a body, or did not answer for long.
    """
    chance = random.Random(faults.seed + 1)  # noqa: S311 - faults to be repeated, no secret
    counts: Counter[str] = Counter()
    for body in bodies:
        answer = _answered(post, body)
        if faults.drop_answers and chance.random() < 0.3:  # noqa: PLR2004 - some
            # The service has it, the phone does not know: it sends it again.
            answer = _answered(post, body)
        for name in COUNTS:
            counts[name] += answer.get(name, 0)
        answered()
        time.sleep(wait_s)
    return counts


def _answered(post: Post, body: bytes) -> dict[str, Any]:
    fault = "no answer"
    for _ in range(TRIES):
        try:
            answer = post(body)
        except httpx.TransportError as lost:
            fault = str(lost) or type(lost).__name__
        else:
            if answer.is_success:
                counted: dict[str, Any] = answer.json()
                return counted
            fault = f"{answer.status_code} {answer.text[:300]}"
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
        time.sleep(PAUSE_S)
    raise ReplayFailed(f"The service did not take the track: {fault}")


def _body(fixes: Sequence[RecordedFix], begin: int) -> bytes:
    sent = [
        {"fixed_at": fix.at, "lat": fix.lat, "lon": fix.lon, "seq": begin + number}
        | ({} if fix.speed_mps is None else {"speed_mps": fix.speed_mps})
        for number, fix in enumerate(fixes)
    ]
    return msgspec.json.encode({"datum": "WGS-84", "fixes": sent})


def _waits(fixes: Sequence[RecordedFix], requests: int, speed: float) -> float:
    """Return how long to wait between requests so that the track takes as long as it took, divided by the speed."""
    if speed == 0 or requests == 0:
        return 0
    return max(0.0, (fixes[-1].at - fixes[0].at).total_seconds() / speed / requests)
