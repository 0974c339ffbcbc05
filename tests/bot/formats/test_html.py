"""The page: self-contained, readable without a script, and showing who owns what."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from bot.formats.reports import html, sarif
from bot.formats.reports import json as json_format
from bot.formats.reports.picture import MAX_BANDS, Bands, Matrix, draw
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from tests.bot.formats.samples import ALL_SPELLINGS
from tests.scenarios import application, config_map, documents, evaluated

VOID = {"meta", "br", "img", "input", "hr", "link", "wbr"}


class Page(HTMLParser):
    """Reads a page and holds on to what matters: well-formedness, ids, links, text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.text = ""
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "action", "data", "xlink:href"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text += data


@pytest.mark.parametrize("name", ["story", "known", "hostile", "secretive", "patchy"])
def test_the_page_is_well_formed_and_needs_nothing_else(name: str, request: pytest.FixtureRequest) -> None:
    source = html.render(request.getfixturevalue(name), "f" * 40)
    page = Page(source)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert page.handlers == []
    assert "url(" not in source
    assert "@import" not in source
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert len(set(page.ids)) == len(page.ids)


def test_the_picture_leads_from_the_keeper_to_the_other(story: Evaluation) -> None:
    drawing = draw(story.findings, {})
    assert isinstance(drawing, Bands)
    # Each is right about something, so each stands on both sides.
    left, right = ({box.label for box in drawing.boxes if (box.x == 0) is side} for side in (True, False))
    assert left == right == {"infrastructure", "api-backend"}
    assert sorted((band.count, band.level) for band in drawing.bands) == [(1, "conflict"), (3, "fixable")]
    page = Page(html.render(story, None))
    assert {"svg", "path", "rect"} <= page.tags
    assert "should keep them" in page.text
    assert "4 shared" in page.text


def test_findings_show_what_their_fix_takes_out(story: Evaluation) -> None:
    page = Page(html.render(story, None))
    assert page.text.count("both own 2 NetworkPolicies") == 1
    assert "-  - namespace.yaml" in page.text
    assert "proven fix" in page.text


def test_what_was_there_before_stands_apart(known: Evaluation) -> None:
    page = Page(html.render(known, None))
    assert page.text.index("Nothing new in this change.") < page.text.index("Known before this change")
    assert "1 more is ignored" in page.text


def test_every_application_is_in_the_table_with_its_reason(patchy: Evaluation) -> None:
    page = Page(html.render(patchy, None))
    table = page.text[page.text.index("Every Application") :]
    for name, reason in {"good": "rendered", "bad": "failed", "chart": "not analysed", "clusters": "cluster"}.items():
        assert name in table
        assert reason in table
    assert "missing.yaml" in table
    # Of the set that cannot be expanded whole, the cluster that Argo CD is in is certain.
    assert len([anchor for anchor in page.ids if anchor.startswith("application-")]) == 6


def test_hostile_names_stay_text(hostile: Evaluation) -> None:
    source = html.render(hostile, None)
    assert "<script" not in source
    assert "<img" not in source
    assert "&lt;script&gt;" in source


async def test_many_applications_without_conflicts_are_chips(engine: Engine) -> None:
    names = [f"service-{number}" for number in range(html.DENSE + 1)]
    files = {f"apps/{name}/m.yaml": config_map(name) for name in names}
    files["apps.yaml"] = documents(*(application(name, f"apps/{name}") for name in names))
    source = html.render(await evaluated(engine, files), None)
    page = Page(source)
    assert 'class="dense"' in source
    assert "No two Applications own the same resource." in page.text
    assert "svg" not in page.tags
    assert all(name in page.text for name in names)


async def test_what_was_not_seen_is_not_said_to_share_nothing(engine: Engine) -> None:
    files = {"a/m.yaml": config_map("m"), "b/kustomization.yaml": "resources: [gone.yaml]\n"}
    files["apps.yaml"] = documents(application("one", "a"), application("two", "b"))
    text = " ".join(Page(html.render(await evaluated(engine, files), None)).text.split())
    assert "2 Applications, looked at by argofix" in text
    assert "No two Applications were seen to own the same resource. 1 of 2 Applications was rendered; 1 does" in text
    assert "No Application was seen to need what another one brings. 1 of 2 Applications was rendered; 1 does" in text


async def test_many_conflicts_are_a_matrix(engine: Engine) -> None:
    names = [f"service-{number}" for number in range(MAX_BANDS + 2)]
    files = {f"apps/{name}/m.yaml": config_map("same") for name in names}
    files["apps.yaml"] = documents(*(application(name, f"apps/{name}") for name in names))
    evaluation = await evaluated(engine, files)
    drawing = draw(evaluation.findings, {})
    assert isinstance(drawing, Matrix)
    assert len(drawing.labels) == len(names)
    assert drawing.left_out == 0
    for row, (_, cells) in enumerate(drawing.rows):
        assert cells[row] is None
        assert {cell.count for cell in cells if cell is not None} == {1}
    source = html.render(evaluation, None)
    assert len(re.findall(r'class="cell conflict"', source)) == len(names) * (len(names) - 1)
    Page(source)


def test_boxes_hold_their_bands_and_do_not_overlap(story: Evaluation, hostile: Evaluation) -> None:
    for evaluation in (story, hostile):
        drawing = draw(evaluation.findings, {})
        assert isinstance(drawing, Bands)
        for x in {box.x for box in drawing.boxes}:
            column = sorted((box for box in drawing.boxes if box.x == x), key=lambda box: box.y)
            assert all(one.y + one.height < other.y for one, other in pairwise(column))
            assert column[-1].y + column[-1].height <= drawing.height


def test_no_secret_is_in_anything_for_programs_or_browsers(secretive: Evaluation) -> None:
    assert any(finding.resource and finding.resource.name == "odd" for finding in secretive.findings)
    for render in (html.render, sarif.render, json_format.render):
        shown = render(secretive, None)
        assert not [value for value in ALL_SPELLINGS if value in shown]
