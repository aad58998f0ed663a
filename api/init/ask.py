"""Ask at the terminal what a new bureau is to be, in the order in which founders know it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import typer

from api.http.people import Login
from api.init.answers import Answers, BadAnswers, Code, checked
from domain.place.shipped import shipped_geometry
from domain.values import Datum


def ask() -> Answers:
    """Return what was answered, checked.

    Raises:
        BadAnswers: an answer has another form than it needs.
        DomainError: a setting is out of its bounds, or a place is none.
    """
    told: dict[str, Any] = {"code": _asked("Code of the district, GB/T 2260 (行政区划代码)", form=Code)}
    told["name"] = _asked("Name of the bureau (单位名称)")
    told["desk"] = _asked("Name of the desk (投诉举报中心名称)", "12315 投诉举报中心")
    if shipped_geometry(told["code"]) is None:
        path = Path(_asked("File with the district's boundary, GeoJSON (辖区边界文件)")).expanduser().absolute()
        told["boundary"] = {"file": str(path), "datum": _datum()}
    told["admin"] = {
        "name": _asked("Name of the administrator (系统管理员姓名)"),
        "login": _asked("  login", "admin", form=Login),
    }
    told["custodian"] = {
        "name": _asked("Name of the custodian, who answers for the vehicle (用车单位领导姓名)"),
        "login": _asked("  login", "custodian", form=Login),
    }
    if plate := _asked("Plate of the vehicle, empty for later (号牌)", ""):
        told["vehicle"] = _vehicle(plate)
    told["settings"] = _settings()
    try:
        return checked(msgspec.convert(told, type=Answers, strict=False))
    except msgspec.ValidationError as fault:
        raise BadAnswers(str(fault)) from fault


def _vehicle(plate: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "plate": plate,
        "name": _asked("  name", "消费维权专用车"),
        "base_name": _asked("  base place, where it stands overnight (停放地点)"),
        "base": {
            "lat": _asked("  its latitude", form=float),
            "lon": _asked("  its longitude", form=float),
            "datum": _datum(),
        },
    }
    if document := _asked("  number of the order that dedicates it, empty for later (专用车文号)", ""):
        told["dedication"] = {
            "document_no": document,
            "effective_on": _asked("  in force from, such as 2026-12-01", form=date),
        }
    return told


def _datum() -> str:
    return _asked(f"  datum ({', '.join(Datum)})", Datum.WGS84, form=Datum)


def _settings() -> dict[str, str]:
    told: dict[str, str] = {}
    question = "A setting that shall differ from its default, name=value, empty for none more (docs/settings.md)"
    while answer := _asked(question, ""):
        name, _, value = answer.partition("=")
        told[name.strip()] = value.strip()
    return told


def _asked(question: str, default: str | None = None, *, form: Any = str) -> str:
    """Return what was answered; an answer of another form is asked for once more at once."""

    def formed(answer: str) -> str:
        try:
            msgspec.convert(answer.strip(), form, strict=False)
        except msgspec.ValidationError as fault:
            raise typer.BadParameter(str(fault)) from fault
        return answer.strip()

    answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True, value_proc=formed)
    return answer
