"""The registers of people: accounts and roles, units, examinations, licences, the roster."""

from __future__ import annotations

from typing import Final

from api.http.pages.admin.register import AdminPage, Column, Control, Register, RegisterAct, Words, words_of
from domain.values import Role

KEEPERS: Final = frozenset({Role.ADMIN, Role.DESK_CHIEF})
ROSTER: Final = KEEPERS | {Role.DISPATCHER}
SUPERVISORS: Final = frozenset({Role.CUSTODIAN, Role.DESK_CHIEF, Role.ADMIN})
ROLES: Final = words_of(Role)
UNIT_KINDS: Final[Words] = {
    "desk": ("投诉举报中心", "desk"),
    "station": ("市场监管所", "station"),
    "department": ("科室", "department"),
}
ACCOUNT_ACTS: Final[Words] = {
    "enter": ("开户", "let in"),
    "move-unit": ("调动单位", "moved to another unit"),
    "change-password": ("修改密码", "password changed"),
    "reset-password": ("重置密码", "password reset"),
    "lock": ("多次输错被锁定", "locked after wrong tries"),
    "deactivate": ("停用", "closed"),
    "reactivate": ("恢复", "opened again"),
    "revoke-sessions": ("退出全部登录", "signed out everywhere"),
}
DETAILS: Final[Words] = {
    "reason": ("理由", "reason"),
    "unit_id": ("单位", "unit"),
    "until": ("至", "until"),
    "ended": ("退出的登录", "sessions ended"),
}
REASON: Final = Control("reason", ("理由", "Reason"))
BY: Final = Column("actor_id", ("录入人", "By"), "who")
RECORDED: Final = Column("recorded_at", ("记录于", "Recorded"), "at")
FROM_NOW: Final = ("自（空：立即）", "From (empty: now)")
PERSON: Final = Control("person_id", ("人员", "Person"), "select", "people")

PEOPLE: Final = Register(
    said=("人员", "People"),
    list="/v1/people",
    id="person_id",
    way="/board/admin/people/{id}",
    columns=(
        Column("name", ("姓名", "Name")),
        Column("login", ("登录名", "Sign-in name")),
        Column("unit_id", ("单位", "Unit"), "unit"),
        Column("roles", ("角色", "Roles"), "words", ROLES),
        Column("active", ("在用", "Active"), "yes"),
    ),
    adds=(
        RegisterAct(
            ("增加人员", "Let a person in"),
            "POST /v1/people",
            (
                Control("name", ("姓名", "Name"), most=60),
                Control("login", ("登录名", "Sign-in name"), most=40, pattern="[a-z0-9][a-z0-9._\\-]{1,39}"),
                Control("unit_id", ("单位", "Unit"), "select", "units"),
                Control("roles", ("角色", "Roles"), "list", ROLES),
            ),
        ),
    ),
)
EXAMINATIONS: Final = Register(
    said=("岗前培训考核", "Examinations before the post"),
    list="/v1/examinations",
    id="examination_id",
    columns=(
        Column("person_id", ("人员", "Person"), "who"),
        Column("taken_on", ("考核日", "Taken on"), "day"),
        Column("passed", ("合格", "Passed"), "yes"),
        Column("valid_until", ("有效至", "Valid until"), "day"),
        Column("examiner", ("考核单位", "Examiner")),
        BY,
        RECORDED,
    ),
    adds=(
        RegisterAct(
            ("登记考核", "Enter an examination"),
            "POST /v1/examinations",
            (
                PERSON,
                Control("taken_on", ("考核日", "Taken on"), "date"),
                Control("passed", ("合格", "Passed"), "yes"),
                Control("valid_until", ("有效至", "Valid until"), "date"),
                Control("examiner", ("考核单位", "Examiner"), most=100),
            ),
            KEEPERS,
        ),
    ),
)
LICENCES: Final = Register(
    said=("驾驶证", "Driving licences"),
    list="/v1/licences",
    id="licence_id",
    columns=(
        Column("person_id", ("人员", "Person"), "who"),
        Column("number", ("证号", "Number")),
        Column("vehicle_class", ("准驾车型", "Class")),
        Column("valid_from", ("自", "From"), "day"),
        Column("valid_until", ("至", "Until"), "day"),
        Column("withdrawn", ("已注销", "Withdrawn"), "yes"),
        BY,
        RECORDED,
    ),
    adds=(
        RegisterAct(
            ("登记驾驶证", "Enter a licence"),
            "POST /v1/licences",
            (
                PERSON,
                Control("number", ("证号", "Number"), most=20, pattern="[0-9A-Za-z]{6,20}"),
                Control("vehicle_class", ("准驾车型", "Class"), most=2, pattern="[A-Z][0-9]?"),
                Control("valid_from", ("自", "From"), "date"),
                Control("valid_until", ("至", "Until"), "date"),
                Control("withdrawn", ("登记为已注销", "Enter it as withdrawn"), "yes", needed=False),
            ),
            KEEPERS,
        ),
    ),
)
SHIFTS: Final = Register(
    said=("值班表", "Roster"),
    list="/v1/shifts",
    id="shift_id",
    undone_by="withdraws",
    columns=(
        Column("person_id", ("人员", "Person"), "who"),
        Column("start_at", ("自", "From"), "at"),
        Column("end_at", ("至", "Until"), "at"),
        BY,
        RECORDED,
    ),
    adds=(
        RegisterAct(
            ("排班", "Enter a shift"),
            "POST /v1/shifts",
            (
                PERSON,
                Control("start_at", ("自", "From"), "datetime-local", reads="instant"),
                Control("end_at", ("至", "Until"), "datetime-local", reads="instant"),
            ),
            ROSTER,
        ),
    ),
    acts=(RegisterAct(("撤下", "Take off"), "POST /v1/shifts/{id}/withdraw", roles=ROSTER),),
)

PAGES: Final = (
    AdminPage(
        key="people",
        said=("人员", "People"),
        registers=(PEOPLE,),
        file=(
            Register(
                said=("角色的授予与收回", "Roles given and taken"),
                list="/v1/people/{of}/roles",
                id="grant_id",
                roles=SUPERVISORS,
                columns=(
                    Column("role", ("角色", "Role"), "word", ROLES),
                    Column("granted", ("授予", "Given"), "yes"),
                    Column("reason", ("理由", "Reason")),
                    BY,
                    RECORDED,
                ),
                adds=(
                    RegisterAct(
                        ("授予或收回角色", "Give or take a role"),
                        "POST /v1/people/{of}/roles",
                        (
                            Control("role", ("角色", "Role"), "select", ROLES),
                            Control("granted", ("授予（否：收回）", "Give it (no: take it)"), "yes"),
                            REASON,
                        ),
                    ),
                ),
            ),
            Register(
                said=("账户记录", "What was done to the account"),
                list="/v1/people/{of}/acts",
                id="act_id",
                roles=SUPERVISORS,
                columns=(
                    Column("verb", ("事项", "Act"), "word", ACCOUNT_ACTS),
                    Column("detail", ("内容", "Detail"), "detail", DETAILS),
                    BY,
                    RECORDED,
                ),
            ),
        ),
        file_acts=(
            RegisterAct(
                ("调到另一单位", "Move to another unit"),
                "POST /v1/people/{of}/move",
                (Control("unit_id", ("单位", "Unit"), "select", "units"), REASON),
            ),
            RegisterAct(
                ("重置密码", "Reset the password"),
                "POST /v1/people/{of}/reset-password",
                (REASON,),
                KEEPERS,
                grave=True,
            ),
            RegisterAct(("退出全部登录", "Sign out everywhere"), "POST /v1/people/{of}/revoke-sessions", grave=True),
            RegisterAct(("停用账户", "Close the account"), "POST /v1/people/{of}/deactivate", (REASON,), grave=True),
            RegisterAct(("恢复账户", "Open the account again"), "POST /v1/people/{of}/reactivate", (REASON,)),
        ),
    ),
    AdminPage(
        key="units",
        said=("单位", "Units"),
        registers=(
            Register(
                said=("单位", "Units"),
                list="/v1/units",
                id="unit_id",
                columns=(
                    Column("name", ("名称", "Name")),
                    Column("kind", ("类别", "Kind"), "word", UNIT_KINDS),
                ),
                adds=(
                    RegisterAct(
                        ("增加单位", "Add a unit"),
                        "POST /v1/units",
                        (
                            Control("name", ("名称", "Name"), most=100),
                            Control("kind", ("类别", "Kind"), "select", UNIT_KINDS),
                        ),
                    ),
                ),
            ),
        ),
    ),
    AdminPage(key="examinations", said=("考核", "Examinations"), registers=(EXAMINATIONS,)),
    AdminPage(key="licences", said=("驾驶证", "Licences"), registers=(LICENCES,)),
    AdminPage(key="shifts", said=("值班", "Roster"), registers=(SHIFTS,)),
)
