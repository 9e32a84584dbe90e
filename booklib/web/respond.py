"""Answers: a page or its fragment, a redirect, a page that has not changed."""

from __future__ import annotations

from typing import Any

from quart import Quart, Response, current_app, request, session
from quart.templating import Environment
from werkzeug.urls import iri_to_uri

from booklib.web.context import signed_in, site
from booklib.web.security import bare, own_hosts, parts_of


class Templates(Environment):
    """Jinja without async: nothing that a template calls waits, and rendering is twice as fast."""

    def __init__(self, app: Quart, **options: Any) -> None:
        super().__init__(app, **options)
        self.is_async = False


def wants_fragment() -> bool:
    """Whether htmx asks for a piece of a page, and not for a whole one in the place of it."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and headers.get("HX-Boosted") != "true"
        and headers.get("HX-History-Restore-Request") != "true"
    )


def render_to_text(template: str, /, **context: Any) -> str:
    """A template as text; `user` (or None) and `site` are known in every template."""
    context.setdefault("user", signed_in())
    context.setdefault("site", site())
    return current_app.jinja_env.get_template(template).render(context)


async def render(page: str, fragment: str, /, *, status: int = 200, **context: Any) -> Response:
    """Render `fragment` for an htmx swap, else the whole `page` that includes it."""
    text = render_to_text(fragment if wants_fragment() else page, **context)
    return Response(text, status, content_type="text/html; charset=utf-8")


def see_other(url: str) -> Response:
    """Send the browser to a path of ours: 303, and for htmx a redirect of the whole page.

    A script's fetch would follow a 303 silently and swap a whole page into a piece of one.
    """
    url = iri_to_uri(url)
    if wants_fragment():
        return Response(b"", 200, {"HX-Redirect": url})
    return Response(b"", 303, {"Location": url})


def back(default: str) -> Response:
    """303 to the page that the form was on, if it is one of ours, else to `default`.

    A form that came back with something to mend was on no page of its own.
    """
    came_from = parts_of(request.headers.get("Referer", ""))
    if bare(came_from.netloc) not in own_hosts() or not is_local(came_from.path):
        return see_other(default)
    if not current_app.url_map.bind("").test(came_from.path, method="GET"):
        return see_other(default)
    return see_other(came_from._replace(scheme="", netloc="", fragment="").geturl())


def is_local(path: str) -> bool:
    """Whether a redirect to `path` stays here: no host, no scheme, nothing browsers mend to one.

    Browsers read a backslash as a slash and drop tabs and line ends (WHATWG URL, 4.4).
    """
    if not path.startswith("/") or path.startswith("//"):
        return False
    return "\\" not in path and all(character.isprintable() for character in path)


def not_modified(tag: str) -> Response | None:
    """A 304 if the browser's copy carries this entity tag, else None.

    `tag` names all that the page shows; whether it is a page or a fragment is added here. Give the
    same `tag` to `mark` on the full answer.
    """
    held = request.headers.get("If-None-Match")
    if not held or _has_message():
        return None
    wanted = _entity_tag(tag)
    return Response(b"", 304, {"ETag": f"W/{wanted}"}) if wanted in held else None


def mark(response: Response, tag: str) -> Response:
    """Put the entity tag on an answer (weak, because it may be sent compressed).

    A page that told a message gets none: it would tell it again.
    """
    if not _has_message():
        response.headers["ETag"] = f"W/{_entity_tag(tag)}"
    return response


def _has_message() -> bool:
    """Whether a message waits for the next page, or was told by this one just now."""
    return bool(session) or session.modified


def _entity_tag(tag: str) -> str:
    build = current_app.config["BUILD"]
    return f'"{build}-{tag}-f"' if wants_fragment() else f'"{build}-{tag}"'
