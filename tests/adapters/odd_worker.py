"""A worker for pictures that does what the picture says: hangs, dies, lies, prints."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from booklib.errors import BadPicture
from booklib.picture_worker import Answer, Handler, serve

GOOD = {"width": 3, "height": 4, "codes": [], "advice": "", "cut_short": False}


def odd(picture: bytes, deadline: float) -> Answer:
    """`WORD rest`; what the child has to tell comes as the sentence of a BadPicture."""
    word, _, rest = picture.decode().partition(" ")
    if word == "who":
        raise BadPicture(str(os.getpid()))
    if word == "names":
        raise BadPicture(" ".join(sorted(os.environ)))
    if word == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if word == "hang":
        Path(rest, str(os.getpid())).touch()
        time.sleep(60)
    if word == "fill":
        return {"error": str(len(bytes(2**31)))}, b""
    if word == "fault":
        raise ZeroDivisionError
    if word == "meet":
        meet(Path(rest), deadline)
    if word == "print":
        os.write(1, b"assertion failed")
        print("and so on", flush=True)
    return (json.loads(rest), b"") if word == "lie" else (GOOD, b"")


def meet(folder: Path, deadline: float) -> None:
    """Return when another process has come too."""
    (folder / str(os.getpid())).touch()
    while len(list(folder.iterdir())) < 2:
        if time.monotonic() > deadline:
            raise BadPicture("nobody came")
        time.sleep(0.01)


def handlers() -> dict[str, Handler]:
    return {"scan": odd}


if __name__ == "__main__":
    serve(handlers)
    sys.exit()
