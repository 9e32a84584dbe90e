"""What every answer gets on its way out: security headers, caching rules, compression."""

from __future__ import annotations

from quart import Quart, Response, g

from booklib.web import compress
from booklib.web.context import Site
from booklib.web.security import HSTS, content_security_policy, fixed_headers, is_secure

HTML_VARIES = "HX-Request, Accept-Encoding"


def set_up(app: Quart, facts: Site) -> None:
    """One hook for all of it: each costs every request a few microseconds."""
    fixed = fixed_headers(facts)

    async def finish(response: Response) -> Response:
        headers = response.headers
        headers.extend(fixed)
        if forms_to := g.get("forms_to"):
            policy = content_security_policy(facts.static_url, forms_to)
            headers["Content-Security-Policy"] = policy
        if is_secure():
            headers["Strict-Transport-Security"] = HSTS
        if response.status_code == 304:
            # It would be the length of the page that is not sent (RFC 9110, 8.6).
            headers.remove("Content-Length")
        kind = headers.get("Content-Type", "")
        if kind.startswith("text/html"):
            headers["Vary"] = _joined(headers.get("Vary"), HTML_VARIES)
            headers.setdefault("Cache-Control", "private, no-cache")
            await compress.pack(response)
        elif kind.startswith("application/json"):
            headers["Vary"] = _joined(headers.get("Vary"), "Accept-Encoding")
            await compress.pack(response)
        return response

    app.after_request(finish)


def _joined(there: str | None, more: str) -> str:
    return f"{there}, {more}" if there else more
