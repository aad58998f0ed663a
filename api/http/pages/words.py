"""Words that pages of several workplaces use for the same thing, in both languages."""

from __future__ import annotations

from typing import Final

SOURCES: Final = {
    "online": ("在线", "online"),
    "offline": ("离线补报", "offline"),
    "paper": ("纸质补录", "from paper"),
    "spoken": ("口头", "spoken"),
    "phone": ("手机", "phone"),
    "odk": ("ODK 表单", "ODK form"),
    "system": ("系统", "by the service"),
}
"""How word of a step or a note came."""
STAGES: Final = {
    "request": ("申请时", "at request"),
    "approval": ("批准时", "at approval"),
    "departure": ("出车时", "at departure"),
    "under-way": ("途中加任务时", "as a job was added under way"),
    "crew": ("换人时", "as the crew changed"),
    "close": ("办结时", "at close"),
    "borrow": ("借用", "to borrow"),
}
"""When the rule refused."""
