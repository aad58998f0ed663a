"""The registers of notices: what was told to whom by which way, and the webhooks of the bureau."""

from __future__ import annotations

import json
from typing import Final

from api.http.pages.admin.people import KEEPERS, REASON, RECORDED, SUPERVISORS
from api.http.pages.admin.register import AdminPage, Column, Control, Register, RegisterAct, Words, words_of
from domain.notices import NOT_OPENED, TEMPLATES, WORDS, Channel, HookKind, NoticeKind

CHOSEN: Final = {code: said for code, said in words_of(NoticeKind).items() if code != NoticeKind.TRIAL}
DELIVERIES: Final[Words] = {
    "waiting": ("等待发送", "waiting"),
    "sent": ("已发出", "sent"),
    "failed": ("发送失败", "failed"),
    "moot": ("已无须告知", "moot"),
    NOT_OPENED: ("地址无法解开，请重新填写", "the address cannot be opened: enter it anew"),
    **words_of(Channel),
}
PLACES: Final = "、".join(f"${{{word}}}" for word in WORDS)
DEFAULTS: Final = {kind.value: json.dumps(template, ensure_ascii=False) for kind, template in TEMPLATES.items()}


def hook(*, new: bool) -> tuple[Control, ...]:
    """Return what is asked of a webhook; the address of one that is there stays where none is written."""
    return (
        Control("name", ("名称", "Name"), most=60),
        Control("kind", ("类别", "Kind"), "select", words_of(HookKind)),
        Control(
            "url",
            ("地址（含密钥，只写不显示）", "Address (with its key; never shown again)"),
            "url",
            most=2000,
            needed=new,
            hint=("", "") if new else ("空：地址不变。", "Empty: the address stays."),
        ),
        Control("notices", ("通知哪些事", "Told of"), "list", CHOSEN),
        Control(
            "template",
            ("模板（JSON）", "Template (JSON)"),
            "area",
            needed=False,
            reads="json",
            most=8000,
            hint=(
                f"空：用该类别自带的模板。占位符：{PLACES}",
                f"Empty: the kind’s own template. Words: {PLACES.replace('、', ' ')}",
            ),
        ),
        Control("active", ("启用", "Active"), "yes"),
        REASON,
    )


PAGES: Final = (
    AdminPage(
        key="notices",
        said=("通知", "Notices"),
        roles=SUPERVISORS,
        registers=(
            Register(
                said=("发出的通知", "Notices"),
                list="/v1/notices",
                id="notice_id",
                columns=(
                    Column("kind", ("事项", "About"), "word", words_of(NoticeKind)),
                    Column("deliveries", ("收件", "Deliveries"), "told", DELIVERIES),
                    RECORDED,
                ),
            ),
            Register(
                said=("群机器人与短信网关", "Webhooks"),
                note=(
                    "没有自己的模板时，发出的是："
                    + "；".join(f"{HookKind(kind).zh} {told}" for kind, told in DEFAULTS.items()),
                    "Without a template of its own a webhook is sent: "
                    + "; ".join(f"{HookKind(kind).en} {told}" for kind, told in DEFAULTS.items()),
                ),
                list="/v1/webhooks",
                items="",
                id="hook_id",
                roles=KEEPERS,
                columns=(
                    Column("name", ("名称", "Name")),
                    Column("kind", ("类别", "Kind"), "word", words_of(HookKind)),
                    Column("host", ("主机", "Host")),
                    Column("notices", ("通知", "Told of"), "words", words_of(NoticeKind)),
                    Column("active", ("启用", "Active"), "yes"),
                    Column("template", ("自己的模板", "Own template"), "json"),
                    Column("reason", ("理由", "Reason")),
                    Column("set_by", ("设置人", "Set by"), "who"),
                    Column("set_at", ("设置于", "Set at"), "at"),
                ),
                adds=(RegisterAct(("增加", "Add one"), "PUT /v1/webhooks/{new}", hook(new=True), KEEPERS),),
                acts=(
                    RegisterAct(("试发", "Try it"), "POST /v1/webhooks/{id}/try", roles=KEEPERS, when={"active": True}),
                    RegisterAct(
                        ("修改、停用或启用", "Change, switch off or on"),
                        "PUT /v1/webhooks/{id}",
                        hook(new=False),
                        KEEPERS,
                        filled=True,
                    ),
                ),
            ),
        ),
    ),
)
