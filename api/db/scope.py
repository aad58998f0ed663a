"""The bureau of a transaction: the one thing that row-level security looks at."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

BUREAU_CODE: Final = re.compile(r"[0-9]{6}")


async def begin(session: AsyncSession, bureau_id: str, *, read_only: bool) -> None:
    """Begin a transaction and tell it its bureau, by `SET LOCAL`: `set_config()` would not reach a cluster's workers.

    Raises:
        ValueError: that is no bureau's code.
    """
    if not BUREAU_CODE.fullmatch(bureau_id):
        raise ValueError("a bureau's code has six digits")
    connection = await session.connection()
    if read_only:
        await connection.execute(text("SET TRANSACTION READ ONLY"))
    await connection.execute(text(f"SET LOCAL zhuanche.bureau_id = '{bureau_id}'"))
