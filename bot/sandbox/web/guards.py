"""Who may talk to the page's server: a browser on this machine that shows this page, and nobody else."""

from __future__ import annotations

from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_OURS: Final = ("", "none", "same-origin")
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def refusal(request: web.Request, port: int) -> web.HTTPException | None:
    """Why a request is not answered; None when it is.

    A foreign name in Host is how a page elsewhere reaches loopback through DNS; Origin and Sec-Fetch-Site tell a
    request that such a page sent to our address.
    """
    hosts = {f"{name}:{port}" for name in _NAMES} | (set(_NAMES) if port == 80 else set())
    if request.host not in hosts:
        return web.HTTPForbidden(text="This page is only served as 127.0.0.1 or localhost.")
    origin = request.headers.get("Origin")
    writes = request.method not in ("GET", "HEAD")
    if origin != f"http://{request.host}" if origin is not None else writes:
        return web.HTTPForbidden(text="Requests from other pages are refused.")
    if request.headers.get("Sec-Fetch-Site", "") not in _OURS and (writes or request.path != "/"):
        return web.HTTPForbidden(text="Requests from other pages are refused.")
    if writes and request.content_type != "application/json":
        return web.HTTPUnsupportedMediaType(text="JSON only")
    return None


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what does not come from the page itself."""
    name = request.transport.get_extra_info("sockname") if request.transport else None
    refused = refusal(request, int(name[1]) if name else 0)
    if refused is not None:
        raise refused
    return await handler(request)


async def add_headers(_: web.Request, response: web.StreamResponse) -> None:
    """Forbid the browser everything that the page does not need."""
    for header, value in _HEADERS.items():
        response.headers.setdefault(header, value)
