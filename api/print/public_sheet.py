"""The sheet that a unit posts publicly 公务用车公示, as a form for paper and as a workbook of the same figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Final, TypeAlias
from zoneinfo import ZoneInfo

import xlsxwriter

from api.print.log_columns import km, yuan
from api.print.typeset import Block, Fields, Form, Listing
from domain.books.log import Totals
from domain.upkeep.costs import Account, CostKind
from domain.upkeep.fuel import Consumption

TITLE: Final = "公务用车使用情况公示表"
USE_COLUMNS: Final = ("出车时间", "收车时间", "事由", "地点", "里程（公里）")
SUM_COLUMNS: Final = (
    "号牌号码",
    "用车单位",
    "出车次数",
    "出车里程（公里）",
    "维保里程（公里）",
    "未入账里程（公里）",
    "总里程（公里）",
    "加油量（升）",
    "百公里油耗（升）",
    *(f"{kind.zh}（元）" for kind in CostKind),
    "费用合计（元）",
    "每百公里费用（元）",
)
NOTHING: Final = "—"

Cell: TypeAlias = str | int | Decimal | None
"""What a cell holds: text, a whole number, an exact decimal, or nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicUse:
    """A use as it is published: when, for what, to how many sites, how far by the odometer (None: not read)."""

    from_at: datetime
    until_at: datetime | None
    reason: str
    sites: int
    length_m: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicVehicle:
    """A vehicle with its uses and what they came to."""

    plate: str
    name: str
    unit: str
    totals: Totals
    account: Account
    consumption: Consumption | None
    uses: tuple[PublicUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSheet:
    """The whole sheet, from one day to another, both included."""

    bureau: str
    zone: str
    first_on: date
    last_on: date
    made_at: datetime
    vehicles: tuple[PublicVehicle, ...]


def sums_of(vehicle: PublicVehicle) -> list[Cell]:
    """Return a vehicle's sums in the order of `SUM_COLUMNS`."""
    totals, account, burnt = vehicle.totals, vehicle.account, vehicle.consumption
    return [
        vehicle.plate,
        vehicle.unit or None,
        totals.trips,
        km(totals.trips_m),
        km(totals.upkeep_m),
        km(totals.unaccounted_m),
        km(totals.difference_m),
        _thousandth(account.fuel_ml),
        _thousandth(burnt.ml_per_100_km) if burnt else None,
        *(yuan(account.fen_by_kind[kind]) for kind in CostKind),
        yuan(account.total_fen),
        yuan(account.fen_per_100_km),
    ]


def uses_of(vehicle: PublicVehicle, zone: ZoneInfo) -> list[list[Cell]]:
    """Return a vehicle's uses in the order of `USE_COLUMNS`."""
    return [
        [
            f"{use.from_at.astimezone(zone):%Y-%m-%d %H:%M}",
            f"{use.until_at.astimezone(zone):%Y-%m-%d %H:%M}" if use.until_at else None,
            use.reason,
            f"辖区内现场 {use.sites} 处" if use.sites else None,
            km(use.length_m),
        ]
        for use in vehicle.uses
    ]


def public_form(sheet: PublicSheet) -> Form:
    """Return the sheet as a form to be printed and posted."""
    zone = ZoneInfo(sheet.zone)
    blocks: list[Block] = []
    for vehicle in sheet.vehicles:
        pairs = [(name, _shown(value)) for name, value in zip(SUM_COLUMNS, sums_of(vehicle), strict=True)]
        blocks += [
            Fields(
                heading=f"{vehicle.plate}　{vehicle.name}", rows=[pairs[at : at + 2] for at in range(0, len(pairs), 2)]
            ),
            Listing(
                heading="用车明细",
                columns=list(USE_COLUMNS),
                widths=[4, 4, 5, 4, 3],
                rows=[[_shown(cell) for cell in row] for row in uses_of(vehicle, zone)],
            ),
        ]
    return Form(
        bureau=sheet.bureau,
        title=TITLE,
        subtitle=period(sheet),
        blocks=blocks,
        signatures=["用车单位负责人", "公示日期"],
        footer=f"制表 {sheet.made_at.astimezone(zone):%Y-%m-%d %H:%M}　本表不含投诉人、被投诉人及工作人员的个人信息",
    )


def period(sheet: PublicSheet) -> str:
    """Return the days that the sheet is of."""
    return f"{sheet.first_on:%Y-%m-%d} 至 {sheet.last_on:%Y-%m-%d}"


def write_public_xlsx(file: IO[bytes], sheet: PublicSheet) -> None:
    """Write the sheet as a workbook: sums, one line a vehicle, and uses, one line each."""
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": f"{sheet.bureau} {TITLE} {period(sheet)}"})
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "vcenter", "bottom": 1})
    zone = ZoneInfo(sheet.zone)
    sums: list[list[Cell]] = [sums_of(vehicle) for vehicle in sheet.vehicles]
    uses: list[list[Cell]] = [[vehicle.plate, *row] for vehicle in sheet.vehicles for row in uses_of(vehicle, zone)]
    pages: tuple[tuple[str, tuple[str, ...], list[list[Cell]]], ...] = (
        ("汇总", SUM_COLUMNS, sums),
        ("用车明细", ("号牌号码", *USE_COLUMNS), uses),
    )
    for name, columns, rows in pages:
        page = book.add_worksheet(name)
        page.freeze_panes(1, 1)
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_header(f"&C{TITLE}　{period(sheet)}")
        page.set_column(0, len(columns) - 1, 14)
        for column, heading in enumerate(columns):
            page.write_string(0, column, heading, bold)
        for number, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    page.write_string(number, column, cell)
                elif cell is not None:
                    page.write_number(number, column, cell)
    book.close()


def _thousandth(millilitres: int) -> Decimal:
    return Decimal(millilitres).scaleb(-3)


def _shown(value: Cell) -> str:
    return NOTHING if value is None else str(value)
