"""The front page, the help page and the health check."""

from __future__ import annotations

from quart import Blueprint, Response, jsonify

from booklib.errors import BooklibError
from booklib.transfer.told import told_formats
from booklib.web.context import signed_in, site, world
from booklib.web.respond import render, see_other

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
async def welcome() -> Response:
    """The shelf for those who are signed in, else what this is."""
    if signed_in() is not None:
        return see_other("/library")
    return await render("pages/welcome.html", "pages/welcome.html")


@blueprint.get("/help")
async def help_page() -> Response:
    """Keyboard, formats, what to do when."""
    return await render("pages/help.html", "pages/help.html")


@blueprint.get("/help/formats")
async def formats_page() -> Response:
    """Which files can be imported, and what becomes of each column."""
    formats = told_formats()
    return await render("pages/formats.html", "pages/formats.html", formats=formats)


@blueprint.get("/health")
async def health() -> tuple[Response, int]:
    """For load balancers and people: does the program answer, and does its storage?"""
    facts = {"storage": site().storage, "version": site().version}
    try:
        await world().storage.ping()
    except BooklibError:
        return jsonify({"status": "storage does not answer", **facts}), 503
    return jsonify({"status": "ok", **facts}), 200
