"""Statements of fuel and toll cards over HTTP: looked at, taken over whole or not at all, reconciled line by line."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
import xlsxwriter

from tests.conftest import SignIn, problem_code
from tests.world import World

CARD = "1000113500001234567"
ZONE = ZoneInfo("Asia/Shanghai")
HEAD = ["卡号", "交易时间", "数量（升）", "金额（元）", "网点"]
PATH = "/v1/card-statements"


def csv(*lines: list[Any], encoding: str = "utf-8") -> bytes:
    """Return lines as CSV."""
    return "\n".join(",".join(map(str, line)) for line in lines).encode(encoding)


def xlsx(*lines: list[Any]) -> bytes:
    """Return lines as a workbook with a title above, as issuers send it."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"remove_timezone": True})
    sheet, clock = book.add_worksheet("明细"), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write(0, 0, "加油卡消费明细")
    for number, line in enumerate(lines, start=1):
        for column, cell in enumerate(line):
            write = sheet.write_datetime if isinstance(cell, datetime) else sheet.write
            write(number, column, cell, *([clock] if isinstance(cell, datetime) else []))
    book.close()
    return file.getvalue()


async def with_a_card(world: World, client: httpx.AsyncClient) -> None:
    """Let the world's vehicle have the card."""
    card = {"kind": "fuel", "card_no": CARD, "issuer": "中国石化", "effective_on": "2026-01-01", "reason": "办卡"}
    assert (await client.post(f"/v1/vehicles/{world.vehicle_id}/cards", json=card)).status_code == 201


async def fuel(world: World, client: httpx.AsyncClient, odometer_m: int, amount_fen: int, **other: Any) -> str:
    """Enter fuel just filled in and return the cost's id."""
    body = {"kind": "fuel", "amount_fen": amount_fen, "fuel_ml": 40_000, "odometer_m": odometer_m} | other
    body["incurred_at"] = world.clock().isoformat()
    answer = await client.post(f"/v1/vehicles/{world.vehicle_id}/costs", json=body)
    assert answer.status_code == 201, answer.text
    world.clock.advance(hours=1)
    return str(answer.json()["id"])


async def test_a_statement_is_looked_at_taken_over_and_reconciled(world: World, signed_in: SignIn) -> None:
    """What only one cost can be is matched; what is on the card alone is open; what is in the books alone is told."""
    admin, dispatcher, auditor = [await signed_in(who) for who in ("admin", "dispatcher", "auditor")]
    await with_a_card(world, admin)
    paid_at = world.clock().astimezone(ZONE).replace(tzinfo=None)
    known = await fuel(world, dispatcher, 52_000_000, 29_800)
    unseen = await fuel(world, dispatcher, 52_500_000, 31_000, card_no=CARD)
    file = xlsx(HEAD, [CARD, paid_at, 40, 298, "城厢站"], [CARD, paid_at, 20, 149, "荔城站"])
    seen = await dispatcher.post(f"{PATH}/preview", params={"kind": "fuel"}, content=file)
    assert seen.status_code == 200, seen.text
    told = seen.json()
    assert told["columns"] == {
        "card_no": "A 卡号",
        "paid_at": "B 交易时间",
        "fuel_ml": "C 数量（升）",
        "amount_fen": "D 金额（元）",
        "place": "E 网点",
    }
    assert (told["headings_row"], told["line_count"], told["total_fen"], told["hindered"]) == (2, 2, 44_700, False)
    assert (await dispatcher.get(PATH)).json()["items"] == []
    taken = await dispatcher.post(PATH, params={"kind": "fuel"}, content=file)
    assert taken.status_code == 201, taken.text
    again = await dispatcher.post(PATH, params={"kind": "fuel"}, content=file)
    assert (again.status_code, problem_code(again)) == (409, "statement-known")
    made = (await auditor.get(f"{PATH}/{taken.json()['id']}")).json()
    assert [(one["line_no"], one["verdict"], one["cost_id"], one["by_rule"]) for one in made["lines"]] == [
        (3, "matched", known, True),
        (4, "open", None, False),
    ]
    assert {one["vehicle_id"] for one in made["lines"]} == {str(world.vehicle_id)}
    assert (made["matched_fen"], made["open_fen"], made["disputed_fen"]) == (29_800, 14_900, 0)
    assert [one["cost_id"] for one in made["not_on_statement"]] == [unseen]


async def test_a_person_says_what_a_line_is_and_the_newest_word_holds(world: World, signed_in: SignIn) -> None:
    """Disputed, then matched with a cost that was entered late; a cost is one line's only."""
    dispatcher = await signed_in("dispatcher")
    at = world.clock().astimezone(ZONE)
    lines = [[CARD, f"{at:%Y-%m-%d %H:%M:%S}", 40, 298, "a"], [CARD, f"{at:%Y-%m-%d %H:%M:%S}", 40, 298, "b"]]
    taken = await dispatcher.post(PATH, params={"kind": "fuel"}, content=csv(HEAD, *lines, encoding="gb18030"))
    path = f"{PATH}/{taken.json()['id']}"
    disputed = await dispatcher.post(
        f"{path}/lines/2/verdict", json={"verdict": "disputed", "reason": "当日车辆未加油"}
    )
    assert disputed.status_code == 201, disputed.text
    assert (await dispatcher.get(path)).json()["disputed_fen"] == 29_800
    world.clock.advance(minutes=1)
    late = await fuel(world, dispatcher, 52_000_000, 29_800)
    match = {"verdict": "matched", "cost_id": late}
    assert (await dispatcher.post(f"{path}/lines/2/verdict", json=match)).status_code == 201
    taken_already = await dispatcher.post(f"{path}/lines/3/verdict", json=match)
    assert (taken_already.status_code, problem_code(taken_already)) == (409, "cost-does-not-fit")
    made = (await dispatcher.get(path)).json()
    assert [one["verdict"] for one in made["lines"]] == ["matched", "open"]
    wrong = {"kind": "fuel", "amount_fen": 29_900, "fuel_ml": 40_000, "reason": "看错票面"}
    assert (await dispatcher.post(f"/v1/vehicle-costs/{late}/corrections", json=wrong)).status_code == 201
    assert [one["verdict"] for one in (await dispatcher.get(path)).json()["lines"]] == ["open", "open"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"verdict": "matched"}, "match-unfounded"),
        ({"verdict": "disputed"}, "match-unfounded"),
        ({"verdict": "open", "reason": " "}, "match-unfounded"),
        ({"verdict": "disputed", "cost_id": str(uuid4()), "reason": "x"}, "match-unfounded"),
        ({"verdict": "matched", "cost_id": str(uuid4())}, "not-found"),
    ],
)
async def test_a_word_about_a_line_is_a_cost_or_a_reason(signed_in: SignIn, said: dict[str, Any], code: str) -> None:
    """And a line that is none, is not found."""
    dispatcher = await signed_in("dispatcher")
    file = csv(HEAD, [CARD, "2026-11-20 10:00", 40, 298, "a"])
    path = f"{PATH}/{(await dispatcher.post(PATH, params={'kind': 'fuel'}, content=file)).json()['id']}"
    assert problem_code(await dispatcher.post(f"{path}/lines/2/verdict", json=said)) == code
    nowhere = {"verdict": "disputed", "reason": "x"}
    for line_no in (9, 99_999_999_999_999_999_999):
        assert problem_code(await dispatcher.post(f"{path}/lines/{line_no}/verdict", json=nowhere)) == "not-found"


async def test_what_differs_from_its_line_is_matched_for_a_reason(world: World, signed_in: SignIn) -> None:
    """Three hundred on the card are not thirty in the books, unless somebody says why."""
    dispatcher = await signed_in("dispatcher")
    at = world.clock().astimezone(ZONE)
    file = csv(HEAD, [CARD, f"{at:%Y-%m-%d %H:%M:%S}", 40, 298, "a"], encoding="gb18030")
    path = f"{PATH}/{(await dispatcher.post(PATH, params={'kind': 'fuel'}, content=file)).json()['id']}"
    less = await fuel(world, dispatcher, 52_000_000, 29_000)
    match = {"verdict": "matched", "cost_id": less}
    refused = await dispatcher.post(f"{path}/lines/2/verdict", json=match)
    assert (refused.status_code, problem_code(refused)) == (400, "match-unfounded")
    said = await dispatcher.post(f"{path}/lines/2/verdict", json=match | {"reason": "8 元为券"})
    assert said.status_code == 201, said.text


async def test_a_statement_with_a_wrong_row_is_taken_over_by_no_row(signed_in: SignIn) -> None:
    """The problem is told by row and column, in the reader's language, and nothing is entered."""
    dispatcher = await signed_in("dispatcher")
    file = csv(HEAD, [CARD, "2026-11-20 10:00", 40, 298, "a"], [CARD, "昨天", 40, "三百", "b"])
    seen = await dispatcher.post(
        f"{PATH}/preview", params={"kind": "fuel"}, content=file, headers={"Accept-Language": "en"}
    )
    assert [(one["row"], one["column"], one["kind"]) for one in seen.json()["problems"]] == [
        (3, "B", "no-date"),
        (3, "D", "no-number"),
    ]
    assert seen.json()["problems"][0]["sentence"].startswith("this is no date")
    refused = await dispatcher.post(PATH, params={"kind": "fuel"}, content=file)
    assert (refused.status_code, problem_code(refused)) == (400, "sheet-hindered")
    assert (await dispatcher.get(PATH)).json()["items"] == []


async def test_another_column_than_was_guessed_is_named(signed_in: SignIn) -> None:
    """By heading or by letter; what is no column is a problem."""
    dispatcher = await signed_in("dispatcher")
    file = csv(["卡号", "交易时间", "应付", "金额"], [CARD, "2026-11-20 10:00", 298, 0.01])
    named = {"kind": "fuel", "column": ["amount_fen=应付"]}
    assert (await dispatcher.post(f"{PATH}/preview", params=named, content=file)).json()["total_fen"] == 29_800
    wrong = {"kind": "fuel", "column": ["amount_fen=没有"]}
    assert problem_code(await dispatcher.post(f"{PATH}/preview", params=wrong, content=file)) == "bad-column"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (b"", "no-headings"),
        (b"PK\x03\x04 no workbook", "sheet-unreadable"),
        (b"\xd0\xcf\x11\xe0 old", "sheet-unreadable"),
        ("姓名,电话\n林女士,138\n".encode(), "no-headings"),
        ("卡号,地点\n1000,莆田\n".encode(), "column-missing"),
    ],
)
async def test_a_file_that_is_no_statement_is_a_problem(signed_in: SignIn, file: bytes, code: str) -> None:
    """Empty, broken, of an old make, or of something else."""
    dispatcher = await signed_in("dispatcher")
    for path in (PATH, f"{PATH}/preview"):
        assert problem_code(await dispatcher.post(path, params={"kind": "fuel"}, content=file)) == code


async def test_statements_come_in_pages(world: World, signed_in: SignIn) -> None:
    """From the newest on."""
    dispatcher = await signed_in("dispatcher")
    for day in (18, 19, 20):
        file = csv(HEAD, [CARD, f"2026-11-{day} 10:00", 40, 298, "a"])
        assert (await dispatcher.post(PATH, params={"kind": "fuel"}, content=file)).status_code == 201
        world.clock.advance(minutes=1)
    first = (await dispatcher.get(PATH, params={"limit": "2"})).json()
    rest = (await dispatcher.get(PATH, params={"limit": "2", "after": first["next"]})).json()
    days = [datetime.fromisoformat(one["from_at"]).astimezone(ZONE).day for one in first["items"] + rest["items"]]
    assert (days, rest["next"]) == ([20, 19, 18], None)
