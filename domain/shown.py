"""What is shown of people to people 个人信息查阅: the kinds that a record of who opened what distinguishes."""

from __future__ import annotations

from domain.values import Named


class Shown(Named):
    """What somebody opened. A list is of several at once, and names none of them."""

    COMPLAINTS = "complaints", "投诉列表", "a list of complaints"
    COMPLAINT = "complaint", "投诉当事人与内容", "a complaint: its parties, claim and facts"
    NOTES = "notes", "走访记录列表", "a list of visit notes"
    NOTE = "note", "走访记录", "a visit note: who was present, what was found and agreed"
    FILE = "file", "照片、签名等文件", "a file: photo, drawn signature or document"
    FORM = "form", "现场表单", "a filled form"
    SIGNED_ACT = "signed-act", "手机签名的内容", "what a phone signed, word by word"
    ENTRY = "ledger-entry", "账本条目", "a ledger entry with what it commits to"
    JOB = "job", "任务及其投诉", "a job with its complaint"
    BOARD = "board", "看板", "the board's jobs"
    DAY = "day", "当日任务", "a phone's day: trips and jobs with the complaints' parties"
    TRIPS = "trips", "出车列表", "a list of trips with who was aboard"
    TRIP = "trip", "出车（同乘人员、轨迹）", "a trip: who was aboard, where it went"
    LOG = "log", "台账（含导出）", "a month's log, exports too"
    LOTS = "lots", "抽签回访名单", "whom to call back"
    PERSON = "person", "人员用车情况", "what a person went along for"
    REGISTER = "register", "管理登记簿", "a register of the administration: people, papers, roster, devices"
    LICENCES = "licences", "驾驶证", "driving licences"


class Door(Named):
    """By which door."""

    PAGE = "page", "页面", "page"
    API = "api", "接口", "API"
