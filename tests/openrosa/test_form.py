"""The visit-note form that `pyxform` makes: its bindings resolve, its words are the note's words, in two languages."""

from __future__ import annotations

import hashlib
import re
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring

from api.openrosa.form import FORM_ID, JOBS_FILE, form_source, visit_note_form
from domain.complaint.words import VisitResult
from domain.visit.note import Presence

H, X = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2002/xforms}"
VERSION, TEXT_SHA256 = "2026112501", "9393bcfab0948f6def0a2252c0dfed2ff45d648e3f728dcdf22671a93e1e50ed"


@pytest.fixture(scope="module")
def model() -> Element:
    """Return the form's model."""
    found = fromstring(visit_note_form().xml).find(f"{H}head/{X}model")
    assert found is not None
    return found


@pytest.fixture(scope="module")
def paths(model: Element) -> set[str]:
    """Return the path of every node of the form's instance."""
    data = model.find(f"{X}instance/{X}data")
    assert data is not None
    found: set[str] = set()

    def walk(node: Element, above: str) -> None:
        path = f"{above}/{node.tag.rpartition('}')[2]}"
        found.add(path)
        for child in node:
            walk(child, path)

    walk(data, "")
    return found


def test_every_binding_and_every_question_names_a_node_that_is_there(model: Element, paths: set[str]) -> None:
    """A path that leads nowhere is a question whose answer Collect throws away, or a crash as the form opens."""
    bound = {bind.get("nodeset", "") for bind in model.findall(f"{X}bind")}
    body = fromstring(visit_note_form().xml).find(f"{H}body")
    assert body is not None
    asked = {node.get(key, "") for node in body.iter() for key in ("ref", "nodeset")}
    asked = {path for path in asked if path.startswith("/")}
    assert bound <= paths
    assert asked <= paths
    words = " ".join(bind.get(key, "") for bind in model.findall(f"{X}bind") for key in bind.keys())  # noqa: SIM118 - an Element is no mapping
    assert set(re.findall(r"/data[/\w-]*", re.sub(r"'[^']*'", "", words))) <= paths


def test_the_form_chooses_results_and_standings_by_the_words_of_a_note(model: Element) -> None:
    """A choice that a note does not know would keep every filled form from becoming one."""
    choices = {one.get("id"): [name.text for name in one.iter(f"{X}name")] for one in model.findall(f"{X}instance")[1:]}
    assert choices["results"] == [result.value for result in VisitResult]
    assert choices["standings"] == [presence.value for presence in Presence]
    assert choices["signings"] == ["signed", "refused", "unable", "not-asked"]


def test_every_word_is_there_in_both_languages(model: Element) -> None:
    """zh-CN is what a form opens in; English has the same texts, none of them empty."""
    languages = {
        one.get("lang", ""): {text.get("id"): text.findtext(f"{X}value") for text in one.findall(f"{X}text")}
        for one in model.iter(f"{X}translation")
    }
    assert list(languages) == ["中文 (zh)", "English (en)"]
    zh, en = languages.values()
    assert zh.keys() == en.keys()
    assert all(zh.values())
    assert all(en.values())
    assert all(re.search("[\u4e00-\u9fff]", words or "") for words in zh.values())


def test_the_form_asks_for_place_time_signatures_and_its_own_log(paths: set[str], model: Element) -> None:
    """What a note is judged by comes from the form: where, and when that was; who signed; how it was filled."""
    wanted = {"/data/place", "/data/placed_at", "/data/complainant/complainant_drawn", "/data/meta/audit"}
    assert wanted <= paths
    binds = {bind.get("nodeset"): bind.get("type") for bind in model.findall(f"{X}bind")}
    assert binds["/data/place"] == "geopoint"
    assert binds["/data/placed_at"] == "dateTime"
    external = [one.get("src") for one in model.findall(f"{X}instance") if one.get("src")]
    assert external == [f"jr://file-csv/{JOBS_FILE}"]


def test_a_form_that_changed_has_another_version() -> None:
    """Collect keeps forms by id and version: what was filled in an older one must say so."""
    form = visit_note_form()
    assert (form.form_id, form.version) == (FORM_ID, VERSION)
    digest = hashlib.sha256(form_source().encode()).hexdigest()
    assert digest == TEXT_SHA256, "the text changed: give it another version, then write both here"
