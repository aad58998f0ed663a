"""The registers of things: devices and their keys, vehicles, upkeep places, sites, the calendar, settings, mandates."""

from __future__ import annotations

from typing import Final

from api.http.pages.admin.device_events import DETAILS, EVENTS
from api.http.pages.admin.people import BY, FROM_NOW, KEEPERS, REASON, RECORDED, SUPERVISORS
from api.http.pages.admin.register import AdminPage, Column, Control, Register, RegisterAct, Words, words_of
from domain.use_rule.upkeep import UpkeepKind
from domain.values import Role

_WITH_THE_SOFTWARE: Words = {"shipped": ("随软件提供", "comes with the software")}

WATCHERS: Final = SUPERVISORS | {Role.DISPATCHER}
COMMANDS: Final[Words] = {
    "report-interval": ("上报间隔", "reporting interval"),
    "odometer": ("校准里程", "set the odometer"),
    "locate": ("立即定位", "locate now"),
    "text": ("下发文字", "show a text"),
}
COMMAND_STATES: Final[Words] = {
    "waiting": ("等待", "waiting"),
    "sent": ("已发", "sent"),
    "done": ("完成", "done"),
    "failed": ("失败", "failed"),
}

DEVICES: Final = Register(
    said=("设备", "Devices"),
    list="/v1/devices",
    id="device_id",
    way="/board/admin/devices/{id}",
    roles=WATCHERS,
    columns=(
        Column("name", ("名称", "Name")),
        Column("person_id", ("使用人", "Person"), "who"),
        Column("vehicle_id", ("车辆", "Vehicle"), "vehicle"),
        Column("enrolled_at", ("登记于", "Enrolled"), "at"),
        Column("acknowledged_at", ("已阅告知", "Notice read"), "at"),
        Column("health.last_seen_at", ("最近消息", "Last heard of"), "at"),
        Column("revoked_at", ("停用于", "Revoked"), "at"),
    ),
    adds=(
        RegisterAct(
            ("登记手机", "Enrol a phone"),
            "POST /v1/devices",
            (
                Control("name", ("名称", "Name"), most=100),
                Control("person_id", ("使用人", "Person"), "select", "people"),
            ),
            KEEPERS,
        ),
        RegisterAct(
            ("登记车载终端", "Enrol a terminal"),
            "POST /v1/devices",
            (
                Control("name", ("名称", "Name"), most=100),
                Control("vehicle_id", ("车辆", "Vehicle"), "select", "vehicles"),
            ),
            KEEPERS,
        ),
    ),
    acts=(
        RegisterAct(
            ("换发二维码", "New QR code"), "POST /v1/devices/{id}/rotate", roles=KEEPERS, when={"revoked_at": None}
        ),
        RegisterAct(
            ("停用", "Revoke"),
            "POST /v1/devices/{id}/revoke",
            (REASON,),
            KEEPERS,
            when={"revoked_at": None},
            grave=True,
        ),
    ),
)
KEYS: Final = Register(
    said=("签名密钥", "Signing keys"),
    list="/v1/device-keys",
    id="key_id",
    roles=WATCHERS,
    columns=(
        Column("device_name", ("设备", "Device")),
        Column("person_name", ("使用人", "Person")),
        Column("seq", ("已签", "Signed")),
        Column("gaps", ("缺号", "Gaps"), "count"),
        Column("forks", ("分叉", "Forks"), "count"),
        Column("waiting", ("待判", "Waiting"), "count"),
        Column("enrolled_at", ("启用于", "Since"), "at"),
        Column("replaced_at", ("被替换于", "Replaced"), "at"),
        Column("revoked_at", ("停用于", "Revoked"), "at"),
    ),
    acts=(
        RegisterAct(
            ("确认缺号", "Sign a gap off"),
            "POST /v1/device-keys/{id}/gaps/sign-off",
            (Control("through", ("至第几号", "Through number"), "number", reads="int"), REASON),
            frozenset({Role.CUSTODIAN, Role.DESK_CHIEF}),
        ),
    ),
)
PLACES: Final = Register(
    said=("维保单位", "Upkeep places"),
    list="/v1/upkeep-places",
    items="",
    id="place_id",
    columns=(
        Column("name", ("名称", "Name")),
        Column("address", ("地址", "Address")),
        Column("kinds", ("用于", "For"), "words", words_of(UpkeepKind)),
        Column("document_no", ("文号", "Document")),
        Column("retired_at", ("停用于", "Retired"), "at"),
        Column("retired_because", ("停用理由", "Why")),
        BY,
        RECORDED,
    ),
    adds=(
        RegisterAct(
            ("登记维保单位", "Register a place"),
            "POST /v1/upkeep-places",
            (
                Control("name", ("名称", "Name"), most=200),
                Control("address", ("地址", "Address"), most=200),
                Control("place", ("位置", "Place"), "place"),
                Control("kinds", ("用于", "For"), "list", words_of(UpkeepKind)),
                Control("document_no", ("文号", "Document"), most=100),
            ),
        ),
    ),
    acts=(
        RegisterAct(
            ("停用", "Retire"), "POST /v1/upkeep-places/{id}/retire", (REASON,), when={"retired_at": None}, grave=True
        ),
    ),
)
SITES: Final = Register(
    said=("场所认定", "Decisions on sites"),
    list="/v1/site-decisions",
    id="site_decision_id",
    columns=(
        Column("name", ("场所", "Site")),
        Column("inside", ("在辖区内", "Inside"), "yes"),
        Column("radius_m", ("半径（米）", "Radius (m)")),
        Column("decided_on", ("认定日", "Decided on"), "day"),
        Column("reason", ("理由", "Reason")),
        BY,
        RECORDED,
    ),
    adds=(
        RegisterAct(
            ("认定场所", "Decide a site"),
            "POST /v1/site-decisions",
            (
                Control("name", ("场所", "Site"), most=300),
                Control("", ("位置", "Place"), "place"),
                Control("radius_m", ("半径（米）", "Radius (m)"), "number", reads="int"),
                Control("inside", ("认定为在辖区内", "It counts as inside"), "yes"),
                Control("reason", ("理由", "Reason"), "area", most=5000),
            ),
            frozenset({Role.CUSTODIAN}),
        ),
    ),
)
SETTINGS: Final = Register(
    said=("设置", "Settings"),
    list="/v1/settings",
    items="",
    id="name",
    way="/board/admin/settings/{id}",
    columns=(
        Column("said", ("含义", "Meaning"), "said"),
        Column("value", ("现值", "Now")),
        Column("default", ("默认", "Default")),
        Column("least", ("最小", "Least")),
        Column("most", ("最大", "Most")),
        Column("set_by", ("设置人", "Set by"), "who"),
        Column("set_at", ("设置于", "Set at"), "at"),
    ),
    acts=(
        RegisterAct(
            ("修改", "Change"),
            "PUT /v1/settings/{id}",
            (Control("value", ("新值", "New value"), "number", reads="int"), REASON),
            frozenset({Role.DESK_CHIEF}),
            filled=True,
        ),
    ),
)

PAGES: Final = (
    AdminPage(
        key="devices",
        said=("设备", "Devices"),
        registers=(DEVICES, KEYS),
        roles=WATCHERS,
        note=(
            "登记后显示二维码：使用人用手机扫描，按页面设置。二维码就是设备的钥匙，不要转发。",
            "After enrolling a QR code is shown: the person scans it and follows its page. It is the device’s key.",
        ),
        file=(
            Register(
                said=("设备事件", "Events"),
                list="/v1/devices/{of}/events",
                id="event_id",
                columns=(
                    Column("kind", ("事件", "Event"), "word", EVENTS),
                    Column("at", ("发生于", "At"), "at"),
                    Column("received_at", ("收到于", "Received"), "at"),
                    Column("detail", ("内容", "Detail"), "detail", DETAILS),
                ),
            ),
            Register(
                said=("终端指令", "Commands to a terminal"),
                list="/v1/devices/{of}/commands",
                id="command_id",
                columns=(
                    Column("kind", ("指令", "Command"), "word", COMMANDS),
                    Column("state", ("状态", "State"), "word", COMMAND_STATES),
                    Column("asked_by", ("下达人", "By"), "who"),
                    Column("asked_at", ("下达于", "Asked"), "at"),
                    Column("answered_at", ("应答于", "Answered"), "at"),
                    Column("result", ("结果", "Result")),
                ),
                adds=(
                    RegisterAct(
                        ("立即定位", "Locate now"),
                        "POST /v1/devices/{of}/commands",
                        (Control("kind", ("指令", "Command"), "select", {"locate": COMMANDS["locate"]}),),
                        KEEPERS,
                    ),
                ),
            ),
        ),
    ),
    AdminPage(key="upkeep-places", said=("维保单位", "Upkeep places"), registers=(PLACES,)),
    AdminPage(key="sites", said=("场所认定", "Sites"), registers=(SITES,)),
    AdminPage(
        key="calendar",
        said=("工作日历", "Calendar"),
        note=(
            "节假日安排由运维人员用命令 zhuanche calendar 录入；没有公布的年份，期限标为“暂定”。",
            "The operator enters holiday notices (zhuanche calendar); terms in years without one are provisional.",
        ),
        registers=(
            Register(
                said=("节假日安排通知", "Holiday notices"),
                list="/v1/calendar",
                items="notices",
                id="year",
                columns=(
                    Column("year", ("年份", "Year")),
                    Column("title", ("通知", "Notice")),
                    Column("source", ("来源", "Source")),
                    Column("days", ("调整的日子", "Days it moves"), "count"),
                    Column(
                        "entered_by",
                        ("录入人", "Entered by"),
                        "word",
                        {"shipped": ("随软件提供", "comes with the software")},
                    ),
                    Column("entered_at", ("录入于", "Entered"), "at"),
                ),
            ),
        ),
    ),
    AdminPage(
        key="settings",
        said=("设置", "Settings"),
        registers=(SETTINGS,),
        note=(
            "界限不能超过；每次修改连同理由留存，并列入当月报表。",
            "The bounds cannot be passed; each change is kept with its reason and told on the month’s statement.",
        ),
        file=(
            Register(
                said=("修改记录", "Changes"),
                list="/v1/settings/{of}/changes",
                id="change_id",
                columns=(
                    Column("old_value", ("原值", "Before")),
                    Column("new_value", ("新值", "After")),
                    Column("reason", ("理由", "Reason")),
                    BY,
                    RECORDED,
                ),
            ),
        ),
    ),
    AdminPage(
        key="mandates",
        said=("审计授权", "Mandates"),
        roles=SUPERVISORS,
        registers=(
            Register(
                said=("外部审计授权", "Mandates of outside auditors"),
                list="/v1/mandates",
                id="mandate_id",
                way="/board/admin/mandates/{id}",
                undone_by="ends",
                columns=(
                    Column("auditor_name", ("审计人员", "Auditor")),
                    Column("home_bureau_id", ("所属局", "Of bureau")),
                    Column("document_no", ("文号", "Document")),
                    Column("valid_from", ("自", "From"), "at"),
                    Column("valid_until", ("至", "Until"), "at"),
                    Column("reason", ("终止理由", "Ended because")),
                    BY,
                    RECORDED,
                ),
                adds=(
                    RegisterAct(
                        ("授权", "Give a mandate"),
                        "POST /v1/mandates",
                        (
                            Control("auditor_name", ("审计人员姓名", "Auditor’s name"), most=60),
                            Control(
                                "home_bureau_id", ("所属局代码", "Their bureau’s code"), most=6, pattern="[0-9]{6}"
                            ),
                            Control(
                                "home_person_id",
                                ("审计人员编号（在其所属局）", "Their id there"),
                                most=36,
                                pattern="[0-9a-f\\-]{36}",
                            ),
                            Control("document_no", ("文号", "Document"), most=100),
                            Control(
                                "valid_from",
                                FROM_NOW,
                                "datetime-local",
                                needed=False,
                                reads="instant",
                            ),
                            Control("valid_until", ("至", "Until"), "datetime-local", reads="instant"),
                        ),
                    ),
                ),
                acts=(RegisterAct(("提前终止", "End early"), "POST /v1/mandates/{id}/end", (REASON,), grave=True),),
            ),
        ),
        file=(
            Register(
                said=("查阅记录", "Looks taken"),
                list="/v1/mandates/{of}/accesses",
                id="access_id",
                columns=(Column("route", ("查阅的内容", "What was looked at")), RECORDED),
            ),
        ),
    ),
)
