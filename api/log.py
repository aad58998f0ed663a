"""The process's log: one JSON object a line, on stderr or in a file that is rotated, without personal data.

What a fault says may quote a request or a row, so a fault is logged by its kind, the places in the code it came
through, SQLSTATE and constraint, and never by its message. What a library says may do so too: its words stay unfilled.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
import traceback
from typing import Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from api.db.faults import constraint, sqlstate
from api.settings import Settings, SettingsError

ROTATED_BYTES: Final = 16 * 1024 * 1024
KEPT_FILES: Final = 10
FRAMES_TOLD: Final = 12
"""Of each fault, the places nearest to where it was raised."""


def start_logging(settings: Settings) -> None:
    """Send what our code and the libraries log to stderr, or to the file the settings name.

    Raises:
        SettingsError: the file cannot be written.
    """
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        tell_fault,
    ]
    handler = _handler(settings)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[tell_place, *before],
            use_get_message=False,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("zhuanche").setLevel(settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=_ours,
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _ours(*_: object) -> logging.Logger:
    return logging.getLogger("zhuanche")


def _handler(settings: Settings) -> logging.Handler:
    if settings.log_file is None:
        return logging.StreamHandler(sys.stderr)
    try:
        return logging.handlers.RotatingFileHandler(
            settings.log_file, maxBytes=ROTATED_BYTES, backupCount=KEPT_FILES, encoding="utf-8"
        )
    except OSError as fault:
        raise SettingsError(f"ZHUANCHE_LOG_FILE {settings.log_file} cannot be written: {fault.strerror}.") from fault


def tell_place(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Tell of what a library logs which line of it did so, and its words before anything was put into them.

    What it puts in may be the address that it asked, with a key and a consumer's address in it.
    """
    record: logging.LogRecord = event["_record"]
    words = str(record.msg) if record.args else "a library's own words"
    event.update(event=words, library=record.name, at=f"{record.module}:{record.lineno}")
    return event


def tell_fault(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace a fault by what may be told of it."""
    fault = event.pop("exc_info", None)
    if fault is True or isinstance(fault, tuple):
        fault = sys.exc_info()[1] if fault is True else fault[1]
    told = []
    seen: set[int] = set()
    while isinstance(fault, BaseException) and id(fault) not in seen:
        seen.add(id(fault))
        told.append(_told(fault))
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)
    if told:
        event["faults"] = told
    return event


def _told(fault: BaseException) -> dict[str, object]:
    frames = traceback.extract_tb(fault.__traceback__)[-FRAMES_TOLD:]
    told: dict[str, object] = {
        "kind": f"{type(fault).__module__}.{type(fault).__qualname__}",
        "through": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    return told | {
        name: value for name, value in (("sqlstate", sqlstate(fault)), ("constraint", constraint(fault))) if value
    }
