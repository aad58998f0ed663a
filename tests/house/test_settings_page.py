"""docs/settings.md names every setting with its default and its bounds."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from api.settings import PREFIX, Settings
from domain.settings import SETTINGS


def test_the_page_of_settings_lists_every_variable_and_no_other(project: Path) -> None:
    """An operator finds every variable there is."""
    page = (project / "docs" / "settings.md").read_text("utf-8")
    listed = re.findall(rf"^\| `({PREFIX}[A-Z0-9_]+)` \|", page, re.MULTILINE)
    assert listed == [PREFIX + field.name.upper() for field in fields(Settings)]


def test_the_page_of_settings_gives_each_bureau_setting_its_default_and_bounds(project: Path) -> None:
    """What a bureau may set is written down with the bounds that nobody can pass."""
    page = (project / "docs" / "settings.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (\d+) \| (\d+) \| (\d+) \|", page, re.MULTILINE)
    assert {name: tuple(map(int, numbers)) for name, *numbers in rows} == {
        setting.name: (setting.default, setting.least, setting.most) for setting in SETTINGS.values()
    }
