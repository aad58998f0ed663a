"""`/audit/entries/{entry_id}`: the ledger entry of a fact, and how to check it without this service."""

from __future__ import annotations

import json
from typing import Final
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.db.queries.people import names_of
from api.http.ledger import read_by
from api.http.pages.audit.desk import AUDIT, LOOKS_ON, PAGE, Asked
from domain.ledger.leaf import Group

CHECK: Final = """\
import base64, hashlib, hmac, json, sys
entry = json.load(open(sys.argv[1], encoding="utf-8"))
text = lambda digest: base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
leaf = entry["leaf"].encode()
print("leaf", text(hashlib.sha256(leaf).digest()))
for one in entry["groups"]:
    if one["payload"] is not None:
        opened = hmac.digest(bytes.fromhex(one["salt"]), one["payload"].encode(), "sha256")
        print(one["group"], text(opened) == json.loads(leaf)["c"][one["group"]])
"""
"""What checks a downloaded entry with a bare Python, line by line to be read by who trusts nobody."""
GROUPS: Final = {
    Group.FACTS: ("事实", "facts"),
    Group.PERSON: ("人员", "people"),
    Group.PLACE: ("地点", "places"),
}


@get(f"{AUDIT}/entries/{{entry_id:uuid}}", guards=[LOOKS_ON], include_in_schema=False, name="audit.entry", opt=PAGE)
async def entry_page(*, asked: NamedDependency[Asked], entry_id: FromPath[UUID]) -> Template:
    """Show an entry: when, by whom, its hash, what it commits to; what it corrects; and how to check it offline."""
    async with asked.desk() as desk:
        entry = await read_by(desk.actor, desk.reader, entry_id)
        names = await names_of(desk.reader)
    return desk.page(
        "entry",
        entry=entry,
        names=names,
        groups=GROUPS,
        told={
            one.group: json.dumps(json.loads(one.payload), ensure_ascii=False, indent=1)
            for one in entry.groups
            if one.payload is not None
        },
        check=CHECK,
    )
