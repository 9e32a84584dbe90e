"""Promises about the whole app: every route and every template is looked at, none is named."""

import re
from html.parser import HTMLParser

import pytest
from jinja2 import nodes

from booklib.app import ROOT, create_app
from booklib.settings import Settings
from booklib.web.assets import BUNDLES
from booklib.web.respond import Templates
from booklib.web.sessions import PUBLIC, WITHOUT_USER
from tests.web.conftest import HX, SECRET

APP = create_app(Settings(secret_key=SECRET))
RULES = sorted(APP.url_map.iter_rules(), key=lambda rule: rule.rule)
READS = [rule for rule in RULES if "GET" in rule.methods]
WRITES = [
    (rule, method)
    for rule in RULES
    for method in sorted(rule.methods & {"POST", "PUT", "PATCH", "DELETE"})
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [path.relative_to(ROOT / "templates").as_posix() for path in TEMPLATES]


def path_of(rule):
    """An address of the route."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"some-\1", rule.rule)


def named(rule_and_method):
    if isinstance(rule_and_method, tuple):
        return f"{rule_and_method[1]} {rule_and_method[0].rule}"
    return rule_and_method.rule


def test_public_routes_exist():
    assert {rule.endpoint for rule in RULES} >= PUBLIC >= WITHOUT_USER


@pytest.mark.parametrize("rule", READS, ids=named)
async def test_every_page_is_private_or_listed_as_public(visitor, rule):
    path = path_of(rule)
    answer = await visitor.get(f"{path}?a=b")
    if rule.endpoint in PUBLIC:
        assert "/login" not in answer.headers.get("Location", "")
        return
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/login?next={path}%3Fa%3Db"
    piece = await visitor.get(path, headers=HX)
    assert piece.status_code == 401
    assert piece.headers["HX-Redirect"].startswith("/login?next=")


@pytest.mark.parametrize("write", WRITES, ids=named)
async def test_every_write_is_private_or_listed_as_public(visitor, write):
    rule, method = write
    if rule.endpoint in PUBLIC:
        return
    answer = await visitor.open(path_of(rule), method=method)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")
    piece = await visitor.open(path_of(rule), method=method, headers=HX)
    assert piece.status_code == 401


@pytest.mark.parametrize("write", WRITES, ids=named)
async def test_every_write_refuses_other_sites(client, site, write):
    rule, method = write
    before = await site.user()
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
        answer = await client.open(path_of(rule), method=method, headers=headers)
        assert answer.status_code == 403
    assert await site.user() == before


@pytest.mark.parametrize("write", WRITES, ids=named)
async def test_every_write_answers_an_empty_form_kindly(client, write):
    rule, method = write
    answer = await client.open(path_of(rule), method=method)
    assert answer.status_code < 500
    piece = await client.open(path_of(rule), method=method, headers=HX)
    assert piece.status_code < 500


@pytest.mark.parametrize("rule", READS, ids=named)
async def test_every_page_survives_strange_headers_and_queries(client, rule):
    headers = {"Referer": "http://[x", "HX-Current-URL": "http://[x", "If-None-Match": "x"}
    for more in ({}, HX):
        answer = await client.get(f"{path_of(rule)}?q=%ff%00&cursor=%00", headers=headers | more)
        assert answer.status_code < 500


# Templates


class Tags(HTMLParser):
    """The tags of a template, its Jinja parts blanked out."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags = []
        self.feed(re.sub(r"\{%.*?%\}|\{#.*?#\}", " ", text, flags=re.DOTALL))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(params=TEMPLATES, ids=NAMES)
def template(request):
    return request.param.read_text()


def test_no_template_needs_what_the_policy_forbids(template):
    for tag, attributes in Tags(template).tags:
        assert tag != "style"
        assert tag != "script" or attributes.get("src")
        for name, value in attributes.items():
            assert name != "style"
            assert not name.startswith(("on", "hx-on"))
            assert not (value or "").lower().lstrip().startswith(("javascript:", "js:"))
            assert "js:" not in (value or "") or not name.startswith("hx-")
            assert not (name == "hx-trigger" and "[" in (value or ""))


def test_no_template_marks_text_as_safe(template):
    assert not re.search(r"\|\s*safe\b", template)
    assert "autoescape false" not in template


def test_every_form_goes_to_a_route(template):
    adapter = APP.url_map.bind("localhost")
    for tag, attributes in Tags(template).tags:
        goes = [
            (attributes[name], method)
            for name, method in (
                ("hx-get", "GET"),
                ("hx-post", "POST"),
                ("hx-delete", "DELETE"),
                ("hx-put", "PUT"),
                ("hx-patch", "PATCH"),
            )
            if attributes.get(name)
        ]
        if tag == "form" and attributes.get("action"):
            goes.append((attributes["action"], (attributes.get("method") or "get").upper()))
        for address, method in goes:
            path = re.sub(r"\{\{.*?\}\}", "x", address).partition("?")[0]
            if path.startswith("/"):
                assert adapter.match(path, method=method)


def test_every_link_leads_somewhere(template):
    adapter = APP.url_map.bind("localhost")
    for tag, attributes in Tags(template).tags:
        path = re.sub(r"\{\{.*?\}\}", "x", attributes.get("href") or "").partition("?")[0]
        path = path.partition("#")[0]
        if tag == "a" and path.startswith("/"):
            assert adapter.match(path, method="GET")


def test_every_file_that_a_template_names_is_there(template):
    environment = Templates(APP)
    for call in environment.parse(template).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name == "asset":
            name = call.args[0]
            made = ("vendor/", *BUNDLES)  # by the set-up, and of the parts in css/ and js/
            if isinstance(name, nodes.Const) and not name.value.startswith(made):
                assert (ROOT / "static" / name.value).is_file()


@pytest.mark.parametrize("name", NAMES)
def test_every_template_compiles_and_what_it_includes_exists(name):
    environment = APP.jinja_env
    assert environment.get_template(name)
    tree = environment.parse((ROOT / "templates" / name).read_text())
    for node in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
        if isinstance(node.template, nodes.Const):
            assert (ROOT / "templates" / node.template.value).is_file()


def test_fragments_extend_nothing():
    for path in TEMPLATES:
        if path.name.startswith("_"):
            assert "{% extends" not in path.read_text()
