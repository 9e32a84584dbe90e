"""An AWS on this machine: moto's server and MiniStack, each started on loopback and ended by id."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aioboto3
from botocore.config import Config

from tests.processes import ROOT, free_port, until_up

REGION = "eu-central-1"
KEY = "testing"
HURRIED = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=5)
"""For a client that is to find nobody, and soon."""
MOTO = ROOT / ".venv-test-aws-tools/bin/python", Path(__file__).with_name("serve_moto.py")
MINISTACK = ROOT / ".venv-test-ministack/bin/ministack"


def environment(**more: str) -> dict[str, str]:
    """What a process needs, with nothing of the AWS that this machine may know."""
    own = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return own | {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": KEY,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        **more,
    }


def session() -> aioboto3.Session:
    """Somebody who may do everything in an emulator."""
    return aioboto3.Session(aws_access_key_id=KEY, aws_secret_access_key=KEY, region_name=REGION)


@asynccontextmanager
async def client(service: str, url: str, **options: Any) -> AsyncIterator[Any]:
    """An open client of one service of an emulator."""
    async with session().client(service, endpoint_url=url, **options) as opened:
        yield opened


async def a_bucket(client: Any) -> str:
    """The name of a new bucket."""
    name = f"files-{uuid.uuid4().hex}"
    await client.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


@contextmanager
def moto() -> Iterator[str]:
    """The address of a moto server that lives as long as the block."""
    port = free_port()
    # Some of its addresses it gives by this.
    told = environment(MOTO_PORT=str(port))
    with _running([str(part) for part in (*MOTO, port)], told, port):
        yield f"http://localhost:{port}"


@contextmanager
def ministack(**settings: str) -> Iterator[str]:
    """The address of a MiniStack that lives as long as the block; functions run as processes."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        told = environment(
            BIND_HOST="127.0.0.1",
            GATEWAY_PORT=str(port),
            MINISTACK_HOST="localhost",
            MINISTACK_REGION=REGION,
            LAMBDA_EXECUTOR="local",
            HOME=folder,
            S3_DATA_DIR=f"{folder}/s3",
            **{"TMPDIR": folder, **settings},
        )
        with _running([str(MINISTACK)], told, port):
            yield f"http://localhost:{port}"


@contextmanager
def _running(command: list[str], environ: dict[str, str], port: int) -> Iterator[None]:
    """A server, from when it answers; what it said is in the failure where it never does."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environ, cwd="/", stdout=said, stderr=said)
        try:
            _wait(process, port, said)
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=10)


def _wait(process: subprocess.Popen[bytes], port: int, said: Any) -> None:
    try:
        # A loop of its own, in a thread: who starts an emulator may be in a loop already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, until_up(port, 60)).result()
    except TimeoutError:
        said.seek(0)
        raise AssertionError(
            f"{Path(process.args[0]).name} does not start: {said.read().decode()[-2000:]}"  # type: ignore[index]
        ) from None
