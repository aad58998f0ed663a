"""Print a month's statement: as JSON the very bytes, as XLSX and PDF the same figures for people."""

from __future__ import annotations

from datetime import datetime

from api.print.log_columns import Manner
from api.print.statement_files import Paper, StatementFormat, month_head, statement_pdf, statement_xlsx
from api.print.statement_late import late_rows
from api.print.statement_tables import statement_tables, sums
from api.usecases.show_statement import Shown


async def print_statement(shown: Shown, form: StatementFormat, language: str, now: datetime) -> bytes:
    """Return the file of a statement.

    Args:
        shown: the statement and what stands beside it.
        form: which file.
        language: "zh" or "en".
        now: when it is printed.
    """
    if form is StatementFormat.JSON:
        return shown.bytes_
    told, how = shown.told, Manner(language, shown.told["zone"])
    draft = how.choose(
        "草稿：本月尚未封账，数字可能变动。", "Draft: this month is not sealed, and its figures may change."
    )
    paper = Paper(
        title=how.choose("车辆使用月度结算表", "Monthly statement of vehicle use"),
        subtitle=f"{told['bureau']}　{told['plate']}　{told['month']}",
        notice="" if shown.seal else draft,
        head=month_head(told, shown.sealed_by, how),
        sums=sums(told["totals"], how),
        tables=statement_tables(told, how),
        late=late_rows(told, shown.amendments, how) if shown.seal else None,
        sha256=shown.sha256,
        previous_sha256=told["previous_sha256"],
        how=how,
        printed_at=now,
    )
    return await (statement_pdf if form is StatementFormat.PDF else statement_xlsx)(paper)
