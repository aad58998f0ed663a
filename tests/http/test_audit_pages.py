"""The auditor's desk 审计台 over HTTP: figures lead to their rows, and under a mandate it shows that bureau alone."""

from __future__ import annotations

import ast
import re
from html import unescape
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from api.db.database import Database
from api.http.pages.audit.evidence import NAMELESS, WORDS
from api.http.pages.audit.words_of_looks import looked
from tests.audited import a_day
from tests.conftest import SignIn, problem_code
from tests.house.rights import routes
from tests.mandates import give, looks
from tests.notes import note_body, send_note
from tests.signing import known_phone, send_act
from tests.trips import START_M, a_complaint_job, dashboard, departed_trip
from tests.world import HeldClock, World, make_world

PLACES = ("", "/log", "/findings", "/readings", "/statements", "/keys", "/lots", "/pairs")
MEASURED = ("m", "unobserved_m", "off_permille", "ratio_permille")
SCRIPT = "<script>alert(1)</script>{{ 7 * 7 }}\u202egnp.exe"


async def shown(client: httpx.AsyncClient, path: str) -> str:
    """Return a page as a browser gets it."""
    answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, f"{path}: {answer.text[:500]}"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return answer.text


def links(html: str, attribute: str) -> list[tuple[int, str]]:
    """Return the figures that stand on links, with where they lead."""
    found = re.findall(rf'<a[^>]*{attribute}="(-?\d+)"[^>]*href="([^"]+)"', html)
    return [(int(figure), unescape(where)) for figure, where in found]


async def test_every_figure_of_the_month_leads_to_exactly_its_rows(world: World, signed_in: SignIn) -> None:
    """Numbers to as many rows, kilometres to rows that have as many; and the parts of the bar fill it."""
    await a_day(world, signed_in)
    auditor = await signed_in("auditor")
    month = await shown(auditor, "/audit")
    counted, metres = links(month, "data-count"), links(month, "data-metres")
    assert len(counted) > 10
    for count, where in counted:
        rows = await shown(auditor, where)
        assert re.search(r'id="count">(\d+)<', rows)[1] == str(count), where  # type: ignore[index]
    assert [figure for figure, _ in metres] == [14_000, 6_000, 4_000, 3_000, 27_000]
    body = month.partition("<main")[2].partition("</nav>")[2]
    figures = [one for one in re.findall(r"<a ([^>]*)>(.*?)</a>", body, re.DOTALL) if re.search(r">?[0-9]", one[1])]
    assert [words for told, words in figures if "data-count" not in told and "data-metres" not in told] == []
    for figure, where in metres:
        rows = await shown(auditor, where)
        assert re.search(r'<strong data-metres="(\d+)"', rows)[1] == str(figure), where  # type: ignore[index]
    assert "27.000" in month
    widths = [int(width) for width in re.findall(r'<rect class="part-\w+" x="\d+" width="(\d+)"', month)]
    assert sum(widths) == 100_000


async def test_no_link_of_any_page_leads_nowhere(world: World, signed_in: SignIn) -> None:
    """From the month over everything that it leads to, pages, pictures and downloads alike."""
    await a_day(world, signed_in)
    auditor = await signed_in("auditor")
    waiting, known = ["/audit"], {"/audit"}
    while waiting:
        path = waiting.pop()
        answer = await auditor.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, f"{path}: {answer.text[:300]}"
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        here = re.findall(r'(?:href|src|data-src|data-track)="(/(?:audit|v1|assets)[^"#]*)', answer.text)
        new = {unescape(one) for one in here} - known
        known |= new
        waiting += sorted(new)
    assert sum(one.startswith("/audit") for one in known) > 30
    assert sum(one.startswith("/v1") for one in known) > 8


async def test_who_may_not_look_is_told_and_who_may_not_rule_has_no_form(world: World, signed_in: SignIn) -> None:
    """An officer is refused; the custodian sees what the auditor sees, and rules on nothing."""
    happened = await a_day(world, signed_in)
    officer, custodian = await signed_in("officer"), await signed_in("custodian")
    for path in ("/audit", "/audit/log", f"/audit/trips/{happened.doubtful}", "/audit/looks"):
        assert (await officer.get(path, headers={"Accept": "text/html"})).status_code == 403
        assert 'data-act="POST /v1/findings' not in await shown(custodian, path)
    finding = f"/audit/findings/{happened.finding_id}"
    assert 'data-act="POST /v1/findings' not in await shown(custodian, finding)
    assert 'data-act="POST /v1/findings' in await shown(await signed_in("auditor"), finding)
    for path in ("/audit/lots", "/audit/pairs", "/audit/bureaus"):
        assert problem_code(await custodian.get(path)) == "forbidden"


async def test_a_custodian_looks_without_leaving_a_look_and_sees_those_of_the_auditor(
    world: World, signed_in: SignIn
) -> None:
    """On a page as over the API: what the auditor opened stands there in words, the newest first."""
    happened = await a_day(world, signed_in)
    auditor, custodian = await signed_in("auditor"), await signed_in("custodian")
    await shown(auditor, f"/audit/trips/{happened.doubtful}")
    await shown(custodian, "/audit/log")
    page = await shown(custodian, "/audit/looks")
    assert f"/audit/trips/{happened.doubtful}" in page
    assert "/audit/log" not in page.partition("<tbody>")[2].partition("</tbody>")[0]
    mine = (await auditor.get("/v1/looks")).json()["items"]
    assert [one["route"] for one in mine] == [f"GET /audit/trips/{happened.doubtful}"]


@pytest.fixture
async def visited(owner: Database, database: Database, clock: HeldClock) -> World:
    """Return another bureau, which gives mandates; `world` is the auditor's home."""
    return await make_world(owner, database, clock)


async def test_an_address_opens_another_bureau_by_a_mandate_alone_and_shows_nothing_but_that(
    world: World, visited: World, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page, every link of it, and every look is recorded there; nothing can be done there."""
    auditor = await signed_in("auditor")
    refused = await auditor.get("/audit", params={"bureau": visited.bureau_id}, headers={"Accept": "text/html"})
    assert refused.status_code == 403
    trip_id = await departed_trip(visited)
    await give(visited, world)
    asked = f"bureau={visited.bureau_id}"
    for place in PLACES:
        page = await shown(auditor, f"/audit{place}?{asked}")
        assert f"测试局 {visited.bureau_id}" in page
        assert f"测试局 {world.bureau_id}" not in page
        assert 'data-act="POST' not in page
        main = page.partition("<main")[2]
        ours = [unescape(one) for one in re.findall(r'href="(/(?:audit|v1)[^"]*)"', main)]
        assert ours
        assert [one for one in ours if asked not in one and one != "/audit/bureaus"] == []
    page = await shown(auditor, f"/audit/trips/{trip_id}?{asked}")
    assert f"/v1/trips/{trip_id}/track.geojson?{asked}" in page
    assert (await auditor.get(f"/v1/trips/{trip_id}/track.geojson?{asked}")).status_code == 200
    taken = [one.route for one in await looks(visited)]
    assert taken[:2] == ["GET /audit", "GET /audit/log"]
    assert taken[-2:] == [f"GET /audit/trips/{trip_id}", f"GET /v1/trips/{trip_id}/track.geojson"]
    assert (await auditor.get("/v1/looks")).json()["items"] == []
    draw = await auditor.post(f"/v1/lots/2026-10/draw?{asked}", json={"salt": "7"})
    assert problem_code(draw) == "mandate-reads-only"
    monkeypatch.setattr("api.usecases.mandates_held.ASKED_MOST", 0)
    assert "type the six digits" in await shown(auditor, "/audit/bureaus")
    monkeypatch.setattr("api.usecases.mandates_held.ASKED_MOST", 100_000)
    assert visited.bureau_id in await shown(auditor, "/audit/bureaus")
    world.clock.advance(days=3)
    later = await signed_in("auditor")
    assert problem_code(await later.get(f"/audit?{asked}")) == "no-mandate"
    assert visited.bureau_id not in await shown(later, "/audit/bureaus")


async def test_nobody_but_an_auditor_is_led_elsewhere_by_an_address(
    world: World, visited: World, signed_in: SignIn
) -> None:
    """Naming one's own bureau changes nothing; another's is refused to everybody else, whatever mandate there is."""
    await give(visited, world)
    for who in ("custodian", "desk_chief", "admin"):
        client = await signed_in(who)
        assert (await client.get(f"/v1/vehicles?bureau={world.bureau_id}")).status_code == 200
        for named in (visited.bureau_id, "000000", "x"):
            assert problem_code(await client.get(f"/v1/vehicles?bureau={named}")) == "no-mandate"
    assert await looks(visited) == []


async def test_what_a_phone_signed_says_between_when_and_what_its_chain_misses_is_told(
    world: World, signed_in: SignIn
) -> None:
    """The note on its trip with the number and the proved bracket; the number that never came on the list of chains."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    assert "whole" in await shown(auditor, "/audit/keys")
    world.clock.advance(minutes=5)
    note = note_body(job_id, world.clock(), trip_id=trip_id)
    assert (await send_act(officer, phone.act("note", note, trip_id))).status_code == 201
    page = await shown(auditor, f"/audit/trips/{trip_id}")
    assert page.count("#1</span>") == 2
    assert "made between 2026-11-23 10:00 – 2026-11-23 10:05" in page
    assert "not signed by a phone" not in page
    phone.act("stop", {"job_id": str(job_id), "what": "leave"}, trip_id)
    waits = phone.act("stop", {"job_id": str(job_id), "what": "leave"}, trip_id)
    assert (await send_act(officer, waits)).status_code == 201
    chains = await shown(auditor, "/audit/keys")
    assert "missing 2<" in chains
    assert "whole" not in chains.partition("<tbody>")[2]


async def test_what_people_wrote_is_text_on_every_page(world: World, signed_in: SignIn) -> None:
    """Script, template syntax and letters that turn the line around, in a note, an explanation and a reading."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer = await signed_in("officer")
    world.clock.advance(minutes=5)
    words = {"found": SCRIPT + "长" * 9_000, "agreed": SCRIPT, "present": [{"name": SCRIPT, "standing": "other"}]}
    assert (await send_note(officer, note_body(job_id, world.clock(), trip_id=trip_id, **words))).status_code == 201
    page = await shown(await signed_in("auditor"), f"/audit/trips/{trip_id}")
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}") == 3


async def test_what_no_phone_signed_is_counted_beside_the_books_and_led_to(world: World, signed_in: SignIn) -> None:
    """The statement's page tells how many of how many, the log which; a note that was signed is not among them."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer, auditor = await signed_in("officer"), await signed_in("auditor")
    phone = await known_phone(world, officer)
    world.clock.advance(minutes=5)
    signed = note_body(job_id, world.clock(), trip_id=trip_id)
    assert (await send_act(officer, phone.act("note", signed, trip_id))).status_code == 201
    for count in (1, 2):
        page = await shown(auditor, "/audit/statements")
        ((figure, where),) = links(page, "data-count")
        assert figure == count
        assert f"of 1 departures and returns, {count} notes" in page
        log = await shown(auditor, where)
        assert f'data-unsigned="{count}"' in log
        assert log.count('<tr id="row-') == 1
        bare = note_body(job_id, world.clock(), trip_id=trip_id)
        assert (await send_note(officer, bare)).status_code == 201
    assert "not signed by a phone: depart, 1 notes" in log
    trip = await shown(auditor, f"/audit/trips/{trip_id}")
    assert trip.partition('id="timeline"')[2].count("unsigned") == 3
    sealed = (await auditor.get(f"/v1/vehicles/{world.vehicle_id}/months/2026-11/statement")).text
    assert "signed" not in sealed


async def test_two_phones_that_told_different_things_under_one_number_stand_side_by_side(
    world: World, signed_in: SignIn
) -> None:
    """A second text of a note, and a second report of a departure, on the page of the trip with their entries."""
    job_id = await a_complaint_job(world)
    trip_id = await departed_trip(world, job_ids=(job_id,))
    officer, driver, auditor = [await signed_in(who) for who in ("officer", "driver", "auditor")]
    world.clock.advance(minutes=5)
    note = note_body(job_id, world.clock(), trip_id=trip_id)
    assert (await send_note(officer, note)).status_code == 201
    assert (await send_note(officer, note | {"agreed": "退款 39 元。"})).status_code == 409
    late = {"reading": {"odometer_m": START_M + 1}, "source": "offline", "stated_at": world.clock().isoformat()}
    order = {"check": {"tyres": True, "lights": True, "fuel": True, "papers": True}}
    assert (await driver.post(f"/v1/trips/{trip_id}/depart", json=late | order)).status_code == 202
    page = await shown(auditor, f"/audit/trips/{trip_id}")
    others = page.partition('id="others"')[2].partition("</ul>")[0]
    assert "退款 39 元。" in others
    assert others.count("/audit/entries/") == 1
    assert "does not fit what is on record" in page.partition('id="timeline"')[2]


async def test_readings_are_those_of_the_month_and_all_of_them_can_be_reached(world: World, signed_in: SignIn) -> None:
    """The month chosen, page by page; the first month says what its difference begins at."""
    auditor = await signed_in("auditor")
    first = dashboard(world).odometer_m
    world.clock.advance(days=-40)
    for no in range(70):
        body = {
            "vehicle_id": str(world.vehicle_id),
            "odometer_m": first - 10_000 + no,
            "read_at": world.clock().isoformat(),
            "occasion": "spot",
            "obtained": "third-party",
        }
        world.clock.advance(minutes=2)
        assert (await auditor.post("/v1/readings", json=body)).status_code == 201
    world.clock.advance(days=40)
    assert "There is no reading of this month." in await shown(auditor, "/audit/readings")
    page = await shown(auditor, "/audit/readings?month=2026-10")
    assert page.count('aria-label="Ledger entry') == 60
    rest = await shown(auditor, unescape(re.search(r'href="(/audit/readings\?[^"]*after=[^"]*)"', page)[1]))  # type: ignore[index]
    assert rest.count('aria-label="Ledger entry') == 10
    begins, ends = f"{(first - 10_000) / 1000:,.3f}", f"{(first - 9_931) / 1000:,.3f}"
    assert f"{begins} → {ends}" in await shown(auditor, "/audit?month=2026-10")


def test_whatever_page_is_looked_at_has_words(app: Litestar) -> None:
    """The record of looks says what was looked at in words; an address alone tells a head of a bureau nothing."""
    paths = {route.path for route in routes(app) if route.path.startswith("/audit") and "home" not in route.handler.opt}
    assert len(paths) > 10
    ids = {path: re.sub(r"\{\w+\}", "01932b3c-7d5e-7a10-8c4f-0a1b2c3d4e5f", path) for path in paths}
    assert [path for path, one in ids.items() if looked(f"GET {one}")[0] == one] == []


def test_whatever_a_finding_measures_has_words() -> None:
    """Every name that the rules and use cases write as evidence is told in both languages, or is a record's id."""
    written = {f"{one}_{what}" for one in ("track", "terminal") for what in MEASURED}
    for folder in ("domain/findings", "api/usecases"):
        for path in sorted(Path(folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.keyword) and node.arg == "evidence":
                    written |= {
                        key.value
                        for one in ast.walk(node.value)
                        if isinstance(one, ast.Dict)
                        for key in one.keys
                        if isinstance(key, ast.Constant) and isinstance(key.value, str)
                    }
    assert len(written) > 40
    assert written - WORDS.keys() - NAMELESS == set()
