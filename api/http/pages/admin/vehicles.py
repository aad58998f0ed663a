"""The registers of vehicles 一车一档: each vehicle, and everything on file of one."""

from __future__ import annotations

from typing import Final

from api.http.pages.admin.people import BY, FROM_NOW, REASON, RECORDED
from api.http.pages.admin.register import AdminPage, Column, Control, Register, RegisterAct, Words, words_of
from domain.duty import SealVerb
from domain.trip.life import UseState
from domain.upkeep.dues import DueKind, Standing
from domain.upkeep.warned import PaperKind
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Role

DEDICATIONS: Final[Words] = {"dedicate": ("专用", "dedicate"), "release": ("解除", "release")}
CARDS: Final[Words] = {"fuel": ("加油卡", "fuel card"), "toll": ("通行卡（ETC）", "toll card")}
PLACES: Final[Words] = {
    "at-base": ("在库", "at its base"),
    "on-trip": ("出车中", "on a trip"),
    "at-upkeep": ("维保中", "at upkeep"),
    "broken-down": ("故障停驶", "broken down"),
}
DOCUMENT_KINDS: Final[Words] = {
    "registration": ("机动车登记证书", "registration"),
    "driving-permit": ("行驶证", "driving permit"),
    "dedication": ("专用文件", "dedication"),
    "inspection": ("检验", "inspection"),
    "insurance": ("保险", "insurance"),
    "card": ("加油卡与通行卡", "card"),
    "repair": ("维修", "repair"),
    "handover": ("交接", "handover"),
    "other": ("其他", "other"),
}
DOCUMENT: Final = Control("document_no", ("文号", "Document"), most=100)
FILE: Final = "/v1/vehicles/{of}"

VEHICLES: Final = Register(
    said=("车辆", "Vehicles"),
    list="/v1/vehicles",
    id="vehicle_id",
    way="/board/admin/vehicles/{id}",
    columns=(
        Column("plate", ("号牌", "Plate")),
        Column("name", ("名称", "Name")),
        Column("now.state", ("状态", "State"), "word", PLACES),
        Column("now.odometer_m", ("里程（公里）", "Odometer (km)"), "km"),
        Column("base_name", ("停放地", "Base")),
        Column("warnings", ("提醒", "Warnings"), "count"),
    ),
    adds=(
        RegisterAct(
            ("登记车辆", "Enter a vehicle"),
            "POST /v1/vehicles",
            (
                Control("plate", ("号牌", "Plate"), most=12),
                Control("name", ("名称", "Name"), most=100),
                Control("vin", ("车架号", "VIN"), most=17, needed=False),
                Control("base_name", ("停放地", "Base"), most=100),
                Control("base", ("停放位置", "Where it is"), "place"),
            ),
        ),
    ),
)


def part(said: tuple[str, str], items: str, key: str, columns: tuple[Column, ...], *adds: RegisterAct) -> Register:
    """Return a part of a vehicle's file: a list within its answer."""
    return Register(said=said, list=FILE, items=items, id=key, columns=(*columns, BY, RECORDED), adds=adds)


PAPERS: Final = part(
    ("检验与保险", "Inspection and insurance"),
    "papers",
    "paper_id",
    (
        Column("kind", ("类别", "Kind"), "word", words_of(PaperKind)),
        Column("document_no", ("文号", "Document")),
        Column("valid_from", ("自", "From"), "day"),
        Column("valid_until", ("至", "Until"), "day"),
    ),
    RegisterAct(
        ("登记证件", "Enter a paper"),
        "POST /v1/vehicles/{of}/papers",
        (
            Control("kind", ("类别", "Kind"), "select", words_of(PaperKind)),
            DOCUMENT,
            Control("valid_from", ("自", "From"), "date"),
            Control("valid_until", ("至", "Until"), "date"),
        ),
    ),
)
ORDERS: Final = part(
    ("专用登记", "Dedication"),
    "dedication_orders",
    "order_id",
    (
        Column("kind", ("事项", "Order"), "word", DEDICATIONS),
        Column("unit_id", ("单位", "Unit"), "unit"),
        Column("effective_on", ("生效日", "Effective"), "day"),
        Column("document_no", ("文号", "Document")),
        Column("reason", ("理由", "Reason")),
    ),
    RegisterAct(
        ("登记专用或解除", "Dedicate or release"),
        "POST /v1/vehicles/{of}/dedication-orders",
        (
            Control("kind", ("事项", "Order"), "select", DEDICATIONS),
            Control("unit_id", ("单位", "Unit"), "select", "units"),
            Control("effective_on", ("生效日", "Effective"), "date"),
            DOCUMENT,
            REASON,
        ),
    ),
)
BASES: Final = part(
    ("停放地变更", "Moves of the base"),
    "bases",
    "base_id",
    (
        Column("name", ("停放地", "Base")),
        Column("effective_at", ("自", "From"), "at"),
        Column("reason", ("理由", "Reason")),
    ),
    RegisterAct(
        ("变更停放地", "Move the base"),
        "POST /v1/vehicles/{of}/bases",
        (
            Control("name", ("停放地", "Base"), most=100),
            Control("place", ("位置", "Place"), "place"),
            Control("effective_at", FROM_NOW, "datetime-local", needed=False, reads="instant"),
            REASON,
        ),
    ),
)
CARD_LIST: Final = part(
    ("加油卡与通行卡", "Fuel and toll cards"),
    "cards",
    "card_id",
    (
        Column("kind", ("类别", "Kind"), "word", CARDS),
        Column("card_no", ("卡号", "Number")),
        Column("issuer", ("发卡单位", "Issuer")),
        Column("held", ("持有", "Held"), "yes"),
        Column("effective_on", ("自", "From"), "day"),
        Column("reason", ("理由", "Reason")),
    ),
    RegisterAct(
        ("登记卡", "Enter a card"),
        "POST /v1/vehicles/{of}/cards",
        (
            Control("kind", ("类别", "Kind"), "select", CARDS),
            Control("card_no", ("卡号", "Number"), most=30, pattern="[0-9A-Z]{4,30}"),
            Control("issuer", ("发卡单位", "Issuer"), most=100),
            Control("effective_on", ("自", "From"), "date"),
            Control("held", ("持有（否：交回）", "Held (no: given back)"), "yes"),
            REASON,
        ),
    ),
)
DUES: Final = part(
    ("保养周期", "Dues"),
    "dues",
    "due_id",
    (
        Column("kind", ("项目", "Kind"), "word", words_of(DueKind)),
        Column("standing", ("状态", "Standing"), "word", words_of(Standing)),
        Column("done_on", ("上次", "Done on"), "day"),
        Column("due_on", ("应于", "Due on"), "day"),
        Column("due_m", ("应于（公里）", "Due at (km)"), "km"),
        Column("document_no", ("文号", "Document")),
    ),
    RegisterAct(
        ("登记保养", "Enter what was done"),
        "POST /v1/vehicles/{of}/dues",
        (
            Control("kind", ("项目", "Kind"), "select", words_of(DueKind)),
            Control("done_on", ("完成日", "Done on"), "date"),
            Control("done_m", ("当时里程（公里）", "At (km)"), "number", needed=False, reads="km"),
            Control("every_months", ("每几个月", "Every … months"), "number", needed=False, reads="int"),
            Control("every_m", ("每几公里", "Every … km"), "number", needed=False, reads="km"),
            DOCUMENT,
        ),
    ),
)
SEAL_LIST: Final = part(
    ("节假日封存", "Holiday seals"),
    "seals",
    "seal_id",
    (
        Column("verb", ("事项", "Act"), "word", words_of(SealVerb)),
        Column("at", ("时间", "At"), "at"),
        Column("odometer_m", ("里程（公里）", "Odometer (km)"), "km"),
        Column("place", ("地点", "Place")),
        Column("reason", ("理由", "Reason")),
    ),
    RegisterAct(
        ("封存或启封", "Seal or unseal"),
        "POST /v1/vehicles/{of}/holiday-seals",
        (
            Control("verb", ("事项", "Act"), "select", words_of(SealVerb)),
            Control("at", ("时间", "At"), "datetime-local", reads="instant"),
            Control("odometer_m", ("里程（公里）", "Odometer (km)"), "number", reads="km"),
            Control("place", ("地点", "Place"), needed=False, most=200),
            Control("reason", ("理由", "Reason"), needed=False),
        ),
        frozenset({Role.CUSTODIAN, Role.DESK_CHIEF}),
    ),
)
DOCUMENTS: Final = part(
    ("证件与凭据", "Documents"),
    "documents",
    "document_id",
    (
        Column("kind", ("类别", "Kind"), "word", DOCUMENT_KINDS),
        Column("title", ("名称", "Title")),
        Column("sha256", ("文件", "File"), "file"),
    ),
    RegisterAct(
        ("存入文件", "Put a document into the file"),
        "POST /v1/vehicles/{of}/documents",
        (
            Control("kind", ("类别", "Kind"), "select", DOCUMENT_KINDS),
            Control("title", ("名称", "Title"), most=200),
            Control("sha256", ("文件（照片或 PDF）", "File (a picture or a PDF)"), "file"),
        ),
    ),
)
REPAIRS: Final = Register(
    said=("维修、检验与换胎", "Repairs, inspections and tyres"),
    list=FILE,
    items="repairs",
    id="use_id",
    columns=(
        Column("upkeep", ("事项", "What"), "word", words_of(UpkeepKind)),
        Column("state", ("状态", "State"), "word", words_of(UseState)),
        Column("place", ("地点", "Place")),
        Column("from_at", ("自", "From"), "at"),
        Column("until_at", ("至", "Until"), "at"),
        Column("reason", ("理由", "Reason")),
        Column("document_no", ("文号", "Document")),
        Column("cost_fen", ("费用（元）", "Cost (yuan)"), "yuan"),
    ),
)

PAGES: Final = (
    AdminPage(
        key="vehicles",
        said=("车辆", "Vehicles"),
        registers=(VEHICLES,),
        file=(PAPERS, DOCUMENTS, ORDERS, BASES, CARD_LIST, DUES, REPAIRS, SEAL_LIST),
    ),
)
