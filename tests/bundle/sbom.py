"""The list of the product's parts (SBOM), in CycloneDX's form: from the lock, so that it names what is installed."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import AttachedText, HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tests.bundle.parts import PROJECT, Locked, TakenOver


def sbom(parts: Iterable[Locked], others: Iterable[TakenOver], needed: dict[str, frozenset[str]]) -> str:
    """Return the document: the product, each part with version, digests and licence, and which needs which.

    A part may be there in several versions, each for other versions of Python.
    """
    bom = Bom()
    root = _component(PROJECT, metadata.version(PROJECT), ComponentType.APPLICATION)
    bom.metadata.component = root
    components = {PROJECT: [root]}
    for part in sorted(set(parts), key=lambda part: (part.name, part.version)):
        component = _component(part.name, part.version, ComponentType.LIBRARY)
        component.hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in part.sha256]
        components.setdefault(part.name, []).append(component)
        bom.components.add(component)
    for one in others:
        url = PackageURL(one.kind, name=one.name, version=one.version)
        licence = [LicenseFactory().make_from_string(one.licence)]
        component = Component(name=one.name, version=one.version, bom_ref=str(url), purl=url, licenses=licence)
        bom.components.add(component)
        bom.register_dependency(component)
    for name, versions in components.items():
        needs = [component for one in sorted(needed[name]) for component in components[one]]
        for component in versions:
            bom.register_dependency(component, needs)
    return JsonV1Dot6(bom).output_as_string(indent=2)


def _component(name: str, version: str, kind: ComponentType) -> Component:
    url = PackageURL("pypi", name=name, version=version)
    return Component(name=name, version=version, type=kind, bom_ref=str(url), purl=url, licenses=_licence(name))


def _licence(name: str) -> list[License]:
    """Return the licence that an installed distribution states: as an expression, by a name, or as a whole text."""
    about = metadata.metadata(name)
    stated = about.get("License-Expression") or about.get("License") or ""
    classified = [one for one in about.get_all("Classifier") or () if one.startswith("License ::")]
    if not stated and classified:
        stated = ", ".join(one.rpartition(" :: ")[2] for one in classified)
    if not stated:
        texts = [file for file in metadata.files(name) or () if "licen" in str(file).lower()]
        stated = "\n".join(file.read_text() for file in texts)
    if "\n" in stated.strip():
        first = stated.strip().splitlines()[0]
        return [DisjunctiveLicense(name=first, text=AttachedText(content=stated))]
    return [LicenseFactory().make_from_string(stated)] if stated else []
