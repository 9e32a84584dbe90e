"""Who is signed in: the signed cookie, the user it names, and the pages that need neither."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast
from urllib.parse import quote

from itsdangerous import BadData
from quart import Quart, Request, Response, current_app, g, request
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface
from quart_auth import Action, AuthUser, QuartAuth

from booklib.accounts import still_valid
from booklib.models import User
from booklib.models.ids import new_id
from booklib.web.context import world
from booklib.web.respond import is_local, wants_fragment
from booklib.web.security import is_secure, parts_of

PUBLIC = frozenset(
    {
        "static",
        "pages.welcome",
        "pages.help_page",
        "pages.formats_page",
        "pages.health",
        "accounts.login",
        "accounts.register",
    }
)
"""The only routes that answer to somebody who is not signed in."""

WITHOUT_USER = frozenset({"static", "pages.health"})
"""Public routes that do not even ask who it is."""

COOKIE = "booklib"

REMEMBERED = 1000
"""Cookies whose signature was found good and need not be computed again."""

RENEWED_AFTER = timedelta(days=7)
"""A cookie that is kept for a year is written again when it is this old."""


class Session(NamedTuple):
    """What the cookie says."""

    user_id: str
    epoch: int
    session_id: str
    kept: bool
    """Whether the cookie outlives the browser's window."""

    def packed(self) -> str:
        """The cookie's text, which quart-auth signs."""
        return f"{self.user_id}:{self.epoch}:{self.session_id}:{int(self.kept)}"


def unpack(auth_id: str) -> Session | None:
    """The inverse of `Session.packed`; None for a text that is not ours."""
    user_id, _, rest = auth_id.partition(":")
    epoch, _, rest = rest.partition(":")
    session_id, _, kept = rest.partition(":")
    if not (user_id and session_id and epoch.isdecimal()):
        return None
    return Session(user_id, int(epoch), session_id, kept == "1")


class Sessions(QuartAuth):
    """quart-auth with its cookie checked once a request, only where somebody asks."""

    def init_app(self, app: Quart) -> None:
        """Keep the signer, which quart-auth would make anew for each cookie, and what it found."""
        super().init_app(app)
        keys = [*app.config.get("SECRET_KEY_FALLBACKS", ()), app.secret_key]
        self._signer = self.serializer_class(keys, self.salt or "")
        self._read = lru_cache(REMEMBERED)(partial(self._signer.loads, return_timestamp=True))

    def load_token(self, token: str, app: Quart | None = None) -> str | None:
        """The cookie's text if its signature and age are good; notes when it was signed."""
        try:
            auth_id, signed_at = self._read(token)
        except BadData:
            return None
        if world().now() - signed_at > timedelta(seconds=self.duration or 0):
            return None
        g.signed_at = signed_at
        return auth_id if isinstance(auth_id, str) else None

    async def after_request(self, response: Response) -> Response:
        """Write or delete the cookie where this request changed it."""
        visitor = g.get(self.attribute_name)
        if visitor is None or visitor.action == Action.PASS:
            return response
        options: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "Lax"}
        options["secure"] = is_secure()
        if visitor.action == Action.DELETE:
            response.delete_cookie(COOKIE, **options)
            return response
        if visitor.action == Action.WRITE_PERMANENT:
            options["max_age"] = self.duration
        response.set_cookie(COOKIE, self._signer.dumps(visitor.auth_id), **options)
        return response


class FlashSessions(SecureCookieSessionInterface):
    """Quart's own session, which carries only messages to the next page.

    It adds `Vary: Cookie` only where it writes; pages are private anyway, and files are not.
    """

    async def open_session(self, app: Quart, request: Any) -> SecureCookieSession | None:
        """An empty session without looking further where there is no cookie."""
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return await super().open_session(app, request)

    async def save_session(self, app: Quart, session: Any, response: Any) -> None:
        """Write the cookie if the session was changed."""
        if session.modified:
            await super().save_session(app, session, response)

    def get_cookie_secure(self, app: Quart) -> bool:
        """Secure on https; plain http on a home network works too."""
        return is_secure()


_sessions = "booklib.sessions"


def set_up(app: Quart) -> None:
    """Find out who asks before each request, and send those who must sign in to do so."""
    sessions = Sessions(
        app, cookie_name=COOKIE, cookie_secure=False, salt="booklib session", singleton=False
    )
    app.extensions[_sessions] = sessions
    app.config.update(SESSION_COOKIE_NAME="booklib_messages", SESSION_COOKIE_SAMESITE="Lax")
    app.session_interface = FlashSessions()

    async def load() -> Response | None:
        endpoint = request.endpoint
        if endpoint in WITHOUT_USER:
            return None
        g.user = await _person(sessions)
        if g.user is not None or endpoint is None or endpoint in PUBLIC:
            return None
        return sign_in_first()

    app.before_request(load)


async def _person(sessions: Sessions) -> User | None:
    """The user whom the cookie names, if the session still stands: one read."""
    auth_id = sessions.load_user().auth_id
    session = unpack(auth_id) if auth_id else None
    if session is None:
        return None
    user = await world().storage.user(session.user_id)
    if user is None or not still_valid(user, session.epoch, session.session_id):
        return None
    g.session = session
    signed_at: datetime = g.signed_at
    if session.kept and world().now() - signed_at > RENEWED_AFTER:
        sessions.login_user(AuthUser(auth_id, Action.WRITE_PERMANENT))
    return user


def begin(user: User, *, keep: bool) -> None:
    """Sign the user in with this answer; `keep` for a year, else until the browser is closed."""
    session = Session(user.user_id, user.session_epoch, new_id(), keep)
    action = Action.WRITE_PERMANENT if keep else Action.WRITE
    _extension().login_user(AuthUser(session.packed(), action))
    g.user, g.session = user, session


def current() -> Session:
    """The session of this request; for private routes."""
    return cast(Session, g.session)


def forget() -> None:
    """Delete the cookie with this answer."""
    _extension().logout_user()
    g.user = None


def _extension() -> Sessions:
    return cast(Sessions, current_app.extensions[_sessions])


def sign_in_first() -> Response:
    """To the sign-in page and back. htmx is told by a header: it would follow a 303 silently."""
    address = f"/login?next={quote(_wanted(request), safe='/')}"
    if request.headers.get("HX-Request") == "true":
        return Response(b"", 401, {"HX-Redirect": address})
    return Response(b"", 303, {"Location": address})


def _wanted(asked: Request) -> str:
    """The page to come back to: this one, or the one whose form or piece this was."""
    if asked.method == "GET" and not wants_fragment():
        query = asked.query_string.decode("latin1")
        return f"{asked.path}?{query}" if query else str(asked.path)
    page = parts_of(asked.headers.get("HX-Current-URL") or asked.headers.get("Referer") or "")
    path = page._replace(scheme="", netloc="", fragment="").geturl()
    return path if is_local(path) else "/library"
