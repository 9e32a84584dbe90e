"""What every place for files promises: each whole or not at all, and never beside its folder."""

import asyncio

import pytest

from booklib.adapters.local_files import LocalFiles
from booklib.adapters.s3_files import S3Files
from tests.aws import emulators
from tests.fakes import MemoryFiles

WEBP = b"RIFF" + bytes(range(256)) * 400
BAD_NAMES = [
    "",
    ".",
    "..",
    "/etc/passwd",
    "../x",
    "a/../x",
    "a/./x",
    "a//x",
    "a/",
    "/a",
    "a\\x",
    "a\x00x",
    ".hidden",
    "a/.part-1",
    "é",
    "a\n",
    "a b",
    "https://x/y",
]


@pytest.fixture(params=["memory", "local", pytest.param("s3", marks=pytest.mark.slow)])
async def files(request, tmp_path):
    if request.param == "memory":
        yield MemoryFiles()
    elif request.param == "local":
        yield LocalFiles(tmp_path / "deep" / "files")
    else:
        async with emulators.client("s3", request.getfixturevalue("moto")) as client:
            yield S3Files(client, await emulators.a_bucket(client))


async def test_what_was_put_is_there(files):
    await files.put("covers/large/a-1x1.webp", WEBP)
    assert await files.get("covers/large/a-1x1.webp") == WEBP


async def test_what_was_never_put_is_none(files):
    assert await files.get("covers/none.webp") is None
    await files.put("covers/a.webp", b"1")
    for name in ("covers", "covers/a.webp/b"):
        assert await files.get(name) is None
        assert not await files.has(name)
    assert await files.has("covers/a.webp")


async def test_the_same_name_again_replaces(files):
    await files.put("a", b"1")
    await files.put("a", b"22")
    assert await files.get("a") == b"22"


async def test_an_empty_file_is_a_file(files):
    await files.put("a", b"")
    assert await files.get("a") == b""


async def test_a_file_of_this_machine_is_stored_and_fetched(files, tmp_path):
    (tmp_path / "upload").write_bytes(WEBP * 20)
    await files.store("imports/u/i/upload", tmp_path / "upload")
    assert await files.get("imports/u/i/upload") == WEBP * 20
    assert await files.fetch("imports/u/i/upload", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == WEBP * 20


async def test_what_is_not_there_is_not_fetched(files, tmp_path):
    assert not await files.fetch("imports/u/i/upload", tmp_path / "back")
    assert not (tmp_path / "back").exists()


async def test_removing_is_harmless_twice(files):
    await files.put("a/b", b"1")
    await files.remove("a/b")
    await files.remove("a/b")
    await files.remove("never/there")
    assert await files.get("a/b") is None


async def test_a_folder_goes_with_all_below_it_and_nothing_else(files):
    names = ["users/1/covers/large/a", "users/1/b", "users/11/c", "users/2/d", "covers/large/e"]
    for name in names:
        await files.put(name, b"1")
    await files.remove_all("users/1")
    await files.remove_all("users/1")
    assert [name for name in names if await files.get(name)] == names[2:]


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_a_name_that_is_none_is_refused(files, name, tmp_path):
    for method in (files.get, files.has, files.remove, files.remove_all):
        with pytest.raises(ValueError, match="no file's name"):
            await method(name)
    with pytest.raises(ValueError, match="no file's name"):
        await files.put(name, b"")
    (tmp_path / "x").write_bytes(b"x")
    for method in (files.store, files.fetch):
        with pytest.raises(ValueError, match="no file's name"):
            await method(name, tmp_path / "x")
    with pytest.raises(ValueError, match="no file's name"):
        await files.upload_form(name, 1, "https://example.org/")
    with pytest.raises(ValueError, match="no file's name"):
        await files.link(name, "x")


async def test_a_reader_sees_one_whole_version_or_the_other(files):
    versions = [bytes([number]) * 200_000 for number in range(8)]
    await files.put("a", versions[0])
    seen = set()

    async def read():
        for _ in range(40):
            seen.add(await files.get("a"))

    await asyncio.gather(read(), *(files.put("a", version) for version in versions), read())
    assert seen <= set(versions)


async def test_all_names_below_a_folder_are_told(files):
    wanted = {"covers/large/a.webp", "covers/small/a.webp", "covers/b"}
    for name in (*wanted, "other/c", "covers2/d"):
        await files.put(name, b"1")
    assert {name async for name in files.names("covers")} == wanted
    assert [name async for name in files.names("none")] == []
    with pytest.raises(ValueError, match="no file's name"):
        await anext(files.names("../covers"))
