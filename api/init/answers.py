"""What is told of a new bureau: read from a TOML file, and checked before anything is done."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec.structs import replace

from api.http.people import Login, Name
from api.http.place import Place
from api.http.readings import Resolution
from api.http.vehicle_wire import DocumentNo, Plate, Vin
from api.http.vehicle_wire import Name as VehicleName
from domain.errors import InvalidInput
from domain.people import check_password
from domain.place.boundary import Boundary
from domain.place.datum import to_wgs84
from domain.place.shipped import shipped_geometry
from domain.settings import checked_setting
from domain.values import Datum


class NoBoundary(InvalidInput):
    """No boundary of this district comes with the product: name a GeoJSON file and its datum."""

    code = "no-boundary"
    zh = "产品未附带该区县的边界，请指定 GeoJSON 文件及其坐标系。"


class BadAnswers(InvalidInput):
    """What is told of the new bureau cannot be used."""

    code = "bad-answers"
    zh = "新建单位的资料无法使用。"


class PasswordGone(BadAnswers):
    """The file of a pass word is not there, and the account that it is for has still to be made."""

    code = "password-file-missing"
    zh = "密码文件不存在，而对应的账号尚待创建。"


Code = Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]


class BoundaryFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The line around the district, by a GeoJSON file and the datum it is drawn in."""

    file: str
    datum: Datum = Datum.WGS84


class Account(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person with an account; without a file that holds one, a pass word is made and shown once."""

    name: Name
    login: Login
    password_file: str | None = None


class Dedication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order that dedicates the vehicle to the desk 专用车令."""

    document_no: DocumentNo
    effective_on: date


class Vehicle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The desk's vehicle, its base place 停放地点, and the order that dedicates it."""

    plate: Plate
    name: VehicleName
    base_name: VehicleName
    base: Place
    resolution_m: Resolution = 1000
    vin: Vin | None = None
    dedication: Dedication | None = None


class Answers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new bureau: its district by GB/T 2260 code, its desk, whom it begins with, and what it sets otherwise."""

    code: Code
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    desk: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")] = "12315 投诉举报中心"
    boundary: BoundaryFile | None = None
    admin: Account
    custodian: Account
    vehicle: Vehicle | None = None
    settings: dict[str, int] = {}


class Line(msgspec.Struct, frozen=True):
    """The line around the district as it was given."""

    geometry: Mapping[str, Any]
    datum: Datum
    source: str


def read_answers(path: Path) -> Answers:
    """Return what a file says, checked; names of files in it are relative to it.

    Raises:
        BadAnswers: it is not TOML, or something is missing, unknown or of another form.
        DomainError: a setting is out of its bounds, or a place is none.
    """
    try:
        told = msgspec.toml.decode(path.read_bytes(), type=Answers)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise BadAnswers(f"{path}: {fault}") from fault
    return checked(_resolved(told, path.parent))


def _resolved(told: Answers, folder: Path) -> Answers:
    """Return the answers with absolute names of files."""

    def beside(account: Account) -> Account:
        if account.password_file is None:
            return account
        return replace(account, password_file=str(folder / account.password_file))

    line = told.boundary
    return replace(
        told,
        boundary=None if line is None else replace(line, file=str(folder / line.file)),
        admin=beside(told.admin),
        custodian=beside(told.custodian),
    )


def checked(told: Answers) -> Answers:
    """Return the answers, after every check that needs no database.

    The file of a pass word may be gone: whether the account is there already, the database knows.

    Raises:
        BadAnswers: one account for two people.
        DomainError: a setting is unknown or out of its bounds, a place or boundary cannot be used, none is known, or
            the rule does not allow a pass word.
    """
    if told.admin.login == told.custodian.login:
        raise BadAnswers("Administrator and custodian are two people: each needs a login of their own.")
    for name, value in told.settings.items():
        checked_setting(name, value)
    if told.vehicle is not None:
        base = told.vehicle.base
        to_wgs84(base.lat, base.lon, base.datum)
    line = line_of(told)
    Boundary.from_geojson(line.geometry, line.datum)
    for account in (told.admin, told.custodian):
        with contextlib.suppress(PasswordGone):
            password = password_of(account)
            if password is not None:
                check_password(password, account.login)
    return told


def line_of(told: Answers) -> Line:
    """Return the line around the district: the file's, else the one shipped. Raises `NoBoundary`."""
    if told.boundary is None:
        shipped = shipped_geometry(told.code)
        if shipped is None:
            raise NoBoundary(bureau_id=told.code)
        return Line(*shipped, f"shipped {told.code}.geojson")
    path = Path(told.boundary.file)
    try:
        document = json.loads(path.read_bytes())
    except OSError as fault:
        raise NoBoundary(f"{path} cannot be read: {fault.strerror}.") from fault
    except ValueError as fault:
        raise NoBoundary(f"{path} is not JSON.") from fault
    if not isinstance(document, dict):
        raise NoBoundary(f"{path} is not GeoJSON.")
    geometry = document.get("geometry", document)
    if not isinstance(geometry, dict):
        raise NoBoundary(f"{path} is not GeoJSON: its geometry is {type(geometry).__name__}.")
    return Line(geometry, told.boundary.datum, path.name)


def check_passwords(told: Answers) -> None:
    """Check that the pass words of a bureau that is to be made can be read. Raises `BadAnswers`, `PasswordGone`."""
    for account in (told.admin, told.custodian):
        password_of(account)


def password_of(account: Account) -> str | None:
    """Return the pass word that the first line of a file holds, if one is named.

    Raises:
        PasswordGone: there is no such file.
        BadAnswers: it cannot be read, or its first line is empty.
    """
    if account.password_file is None:
        return None
    try:
        lines = Path(account.password_file).read_text("utf-8").splitlines()
    except FileNotFoundError as fault:
        raise PasswordGone(f"The pass word of {account.login} cannot be read: {fault}") from fault
    except (OSError, UnicodeDecodeError) as fault:
        raise BadAnswers(f"The pass word of {account.login} cannot be read: {fault}") from fault
    if not lines or not lines[0].strip():
        raise BadAnswers(f"The first line of {account.password_file} holds no pass word for {account.login}.")
    return lines[0]
