"""Reads pictures in a process of its own: frames in on standard input, findings out on its output.

A frame is two big-endian lengths of 32 bits, then that much JSON and that many raw bytes. The child
says `{"ready": true}` once. A question is `{"do": "scan", "seconds": 1.7}` with the picture; its
answer has the findings, or a sentence in `error`, or what went wrong in `bug`. Nothing that could
run code ever goes up: whoever takes over a decoder can do no more than lie about pictures.
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from booklib.errors import BadPicture

Answer = tuple[dict[str, Any], bytes]
Handler = Callable[[bytes, float], Answer]
"""Takes a picture and the moment of `time.monotonic` at which it should be done."""

FRAME = struct.Struct(">II")
MEMORY = 1 << 30
"""Bytes of address space: half as much again as the largest picture that is opened takes."""
NICENESS = 5
LAST_RESORT_S = 3.0
"""How much longer than asked a picture may take before the system ends this process, which the
parent does sooner, as long as there is one."""


def serve(prepare: Callable[[], Mapping[str, Handler]]) -> None:
    """Answer questions until the parent closes the pipe, or is gone."""
    source, out = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no frame
    try:
        handlers = prepare()
    except Exception:  # the parent tells it; nobody reads this process's error output
        _send(out, _bug())
        return
    _bound_itself()
    _send(out, ({"ready": True}, b""))
    while question := _read(source):
        header, picture = question
        signal.setitimer(signal.ITIMER_REAL, header["seconds"] + LAST_RESORT_S)
        answer = _answer(handlers[header["do"]], picture, header["seconds"])
        signal.setitimer(signal.ITIMER_REAL, 0)
        del question, picture
        _send(out, answer)
        del answer


def _answer(handler: Handler, picture: bytes, seconds: float) -> Answer:
    try:
        return handler(picture, time.monotonic() + seconds)
    except BadPicture as error:
        return {"error": str(error)}, b""
    except MemoryError:
        return {"error": "This picture is too large to be read: please make it smaller."}, b""
    except Exception:  # a decoder's own fault with this picture; the next one may be well
        return _bug()


def _bug() -> Answer:
    return {"bug": traceback.format_exc()[-4000:]}, b""


def _bound_itself() -> None:
    """Take little of the machine, as far as the system knows such limits."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends the process, also inside a decoder
    with suppress(OSError):
        os.nice(NICENESS)
    import resource

    for limit, value in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(OSError, ValueError):
            resource.setrlimit(limit, (value, resource.getrlimit(limit)[1]))


def _send(out: BinaryIO, answer: Answer) -> None:
    header, blob = answer
    text = json.dumps(header).encode()
    out.write(FRAME.pack(len(text), len(blob)) + text)
    out.write(blob)
    out.flush()


def _read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next question; None when the parent has closed the pipe."""
    lengths = source.read(FRAME.size)
    if len(lengths) < FRAME.size:
        return None
    size, blob_size = FRAME.unpack(lengths)
    text, blob = source.read(size), source.read(blob_size)
    if len(blob) < blob_size:
        return None
    return json.loads(text), blob


def picture_handlers() -> Mapping[str, Handler]:
    """What can be done with a picture. The decoders are loaded here, before the first one comes."""
    from booklib.pictures.covers import prepare_cover
    from booklib.pictures.opening import taken
    from booklib.scanning import has_libzbar, scan

    def scanned(picture: bytes, deadline: float) -> Answer:
        found = scan(picture, deadline=deadline)
        codes = [
            {
                "kind": code.kind,
                "text": code.text,
                "isbn": code.isbn,
                "place": [min(max(part, 0), 1) for part in code.place],
                "crop": len(code.crop),
            }
            for code in found.codes
        ]
        header = {**found._asdict(), "codes": codes}
        return header, b"".join(code.crop for code in found.codes)

    def covered(picture: bytes, deadline: float) -> Answer:
        made = prepare_cover(picture)
        header = {"width": made.width, "height": made.height, "large": len(made.large)}
        return header, made.large + made.small

    def extras(_: bytes, deadline: float) -> Answer:
        there = {"libzbar": has_libzbar(), "heic": "HEIF" in taken()}
        return {"extras": [name for name in there if there[name]]}, b""

    return {"scan": scanned, "cover": covered, "extras": extras}


if __name__ == "__main__":
    try:
        serve(picture_handlers)
    except BrokenPipeError:
        sys.exit(1)
