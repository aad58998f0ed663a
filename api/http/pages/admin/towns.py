"""The register of towns: where the map writes their names, as no list that is shipped says it."""

from __future__ import annotations

from typing import Final

from api.http.pages.admin.people import BY, KEEPERS, REASON, RECORDED
from api.http.pages.admin.register import AdminPage, Column, Control, Register, RegisterAct

PLACED: Final = (
    Control("name", ("名称", "Name"), most=60),
    Control("", ("位置", "Place"), "place"),
    Control("shown", ("在地图上显示", "The map shows it"), "yes"),
    REASON,
)
WHERE: Final = (
    Column("name", ("名称", "Name")),
    Column("lat", ("纬度（WGS-84）", "Latitude (WGS-84)")),
    Column("lon", ("经度（WGS-84）", "Longitude (WGS-84)")),
    Column("shown", ("地图显示", "On the map"), "yes"),
    Column("reason", ("理由", "Reason")),
)
PAGES: Final = (
    AdminPage(
        key="towns",
        said=("乡镇街道", "Towns"),
        note=(
            "随系统提供的名录没有坐标：在此标出位置后，地图离线也会显示名称。",
            "The lists that are shipped have no coordinates: once placed here, the map shows the names, offline too.",
        ),
        registers=(
            Register(
                said=("乡镇街道", "Towns"),
                list="/v1/towns",
                items="",
                id="name",
                columns=(
                    *WHERE,
                    Column("set_by", ("录入人", "By"), "who"),
                    Column("set_at", ("记录于", "Recorded"), "at"),
                ),
                adds=(RegisterAct(("标出位置", "Place a town"), "POST /v1/towns", PLACED, KEEPERS),),
                acts=(RegisterAct(("标出或移动", "Place or move"), "POST /v1/towns", PLACED, KEEPERS, filled=True),),
            ),
            Register(
                said=("变更记录", "Changes"),
                list="/v1/towns/changes",
                id="town_point_id",
                columns=(*WHERE, BY, RECORDED),
            ),
        ),
    ),
)
