"""Who is asking, from where, over what: trusted proxies, cross-site requests, security headers."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from quart import Quart, g, request
from werkzeug.exceptions import Forbidden

from booklib.web.context import Network, Site, site

Address = IPv4Address | IPv6Address

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})

HSTS = "max-age=31536000"

CROSS_SITE = (
    "This form was sent from another site, so nothing was done. "
    "If it was you, please open the page here and try again."
)


def set_up(app: Quart) -> None:
    """Refuse cross-site writes."""

    async def guard() -> None:
        if request.method in UNSAFE and is_cross_site():
            raise Forbidden(CROSS_SITE)

    app.before_request(guard)


def fixed_headers(facts: Site) -> list[tuple[str, str]]:
    """What every answer tells the browser."""
    return [
        ("Content-Security-Policy", content_security_policy(facts.static_url)),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=()"),
    ]


def allow_forms_to(url: str) -> None:
    """Let the page that is being answered send its forms to another site too."""
    parts = urlsplit(url)
    g.forms_to = f" {parts.scheme}://{parts.netloc}"


def content_security_policy(static_url: str, forms_to: str = "") -> str:
    """Nothing but our own files, and those of `static_url` where there is one; no inline code.

    `forms_to`: another origin that forms may be sent to, behind a space.
    """
    parts = urlsplit(static_url)
    own = f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; img-src {own} data:; "
        f"font-src {own}; manifest-src {own}; connect-src 'self'; "
        f"form-action 'self'{forms_to}; "
        "frame-ancestors 'none'; base-uri 'none'"
    )


def is_cross_site() -> bool:
    """Whether a page of another site made the browser send this.

    Sec-Fetch-Site decides where it is sent (https and localhost), else Origin against our own
    hosts. Scripts send neither and are let in: no browser's cookie comes with them.
    """
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        return fetched_from not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    came_from = parts_of(origin)
    if bare(came_from.netloc) not in own_hosts():
        return True
    return came_from.scheme == "http" and is_secure()


def parts_of(address: str) -> SplitResult:
    """An address that a header gave, in parts; empty ones where it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def own_hosts() -> set[str]:
    """The host of the public address, and the one that this request was sent to."""
    hosts = {bare(public_host())}
    if public := site().public_url:
        hosts.add(bare(urlsplit(public).netloc))
    return hosts - {""}


def bare(netloc: str) -> str:
    """Host and port as they are compared: the ports that browsers leave out are left out."""
    return netloc.lower().removesuffix(":80").removesuffix(":443")


def public_host() -> str:
    """Host and port that the browser sent this request to; a trusted proxy's word first."""
    forwarded = _forwarded("X-Forwarded-Host")
    return forwarded or str(request.host)


def origin() -> str:
    """Scheme and host of the address that the browser sees."""
    return f"{'https' if is_secure() else 'http'}://{public_host()}"


def is_secure() -> bool:
    """Whether the browser speaks https with us, or with the proxy before us."""
    public = site().public_url
    if public is not None and public.startswith("https:"):
        return True
    return (_forwarded("X-Forwarded-Proto") or request.scheme) == "https"


def _forwarded(header: str) -> str:
    """What the nearest trusted proxy says; empty from anybody else."""
    if not site().trusted_proxies or header not in request.headers:
        return ""
    if not _trusted(_peer()):
        return ""
    return request.headers[header].rpartition(",")[2].strip()


def client_address() -> str:
    """The address of the browser: X-Forwarded-For from the right, as far as proxies are trusted.

    An IPv6 address counts with its /64, which is what one household has (RFC 6177).
    """
    address = _peer()
    if site().trusted_proxies and address is not None:
        hops = ",".join(request.headers.getlist("X-Forwarded-For")).split(",")
        while hops and _trusted(address):
            before = _address(hops.pop())
            if before is None:
                break
            address = before
    return _household(address)


def _household(address: Address | None) -> str:
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def _peer() -> Address | None:
    """The other end of the connection; no header can change it."""
    client = request.scope.get("client")
    return _address(client[0]) if client else None


def _trusted(address: Address | None) -> bool:
    proxies: tuple[Network, ...] = site().trusted_proxies
    return address is not None and any(address in network for network in proxies)


def _address(text: str) -> Address | None:
    """An address in any of the spellings that proxies use: bare, with a port, in brackets."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
