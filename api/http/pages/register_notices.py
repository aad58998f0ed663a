"""The registers of notices: what was told to whom by which way, and the webhooks of the bureau."""

from __future__ import annotations

from typing import Final

from api.http.pages.register import AdminPage, Column, Control, Register, RegisterAct, words_of
from api.http.pages.register_people import KEEPERS, REASON, RECORDED, SUPERVISORS
from domain.notices import HookKind, NoticeKind

HOOK: Final = (
    Control("name", ("名称", "Name"), most=60),
    Control("kind", ("类别", "Kind"), "select", words_of(HookKind)),
    Control("url", ("地址（含密钥，只写不显示）", "Address (with its key; never shown again)"), "url", most=2000),
    Control("notices", ("通知哪些事", "Told of"), "list", words_of(NoticeKind)),
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
                    Column("deliveries", ("收件", "Deliveries"), "count"),
                    RECORDED,
                ),
            ),
            Register(
                said=("群机器人与短信网关", "Webhooks"),
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
                    Column("reason", ("理由", "Reason")),
                    Column("set_by", ("设置人", "Set by"), "who"),
                    Column("set_at", ("设置于", "Set at"), "at"),
                ),
                adds=(RegisterAct(("增加", "Add one"), "PUT /v1/webhooks/{new}", HOOK, KEEPERS),),
                acts=(RegisterAct(("试发", "Try it"), "POST /v1/webhooks/{id}/try", roles=KEEPERS),),
            ),
        ),
    ),
)
