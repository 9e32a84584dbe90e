"""Whether a request came the way that it should, where CloudFront stands in front."""

from __future__ import annotations

import hmac
from typing import Any

Event = dict[str, Any]

ORIGIN_HEADER = "x-origin-secret"
VIEWER_HEADER = "cloudfront-viewer-address"


def came_through_cloudfront(event: Event, secret: str) -> bool:
    """Whether CloudFront sent it; then the reader's own address takes the place of the edge's.

    CloudFront tells it as address:port (Developer Guide, "Add CloudFront request headers").
    """
    headers: dict[str, str] = event.get("headers", {})
    if not hmac.compare_digest(headers.pop(ORIGIN_HEADER, "").encode(), secret.encode()):
        return False
    viewer = headers.get(VIEWER_HEADER, "").rpartition(":")[0].strip("[]")
    if viewer:
        event["requestContext"]["http"]["sourceIp"] = viewer
    return True
