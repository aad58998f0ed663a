"""Imports every module of the product, so that a test can ask what there is."""

from __future__ import annotations

import importlib
import pkgutil

import api
import domain


def import_everything() -> list[str]:
    """Import all modules of `api` and `domain` and return their names."""
    names = [
        found.name
        for package in (api, domain)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    for name in names:
        importlib.import_module(name)
    return names
