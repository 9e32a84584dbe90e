"""Archives: what is in them, what comes back, and those that somebody has tampered with."""

import io
import json
import os
import struct
import warnings
import zipfile
from dataclasses import replace

import pytest

from booklib.errors import BadFile, Busy
from booklib.models import CoverName
from booklib.pictures.covers import prepare_cover
from booklib.ports import World
from booklib.transfer import archive, library_zip, plans
from booklib.transfer.own_covers import Covers
from booklib.transfer.plans import Judged
from booklib.transfer.recognise import open_rows
from tests.drawn_covers import a_cover, one_colour
from tests.factories import a_copy, a_user, added
from tests.fakes import Clock, FakePictures, FakeQueue, MemoryFiles, MemoryStorage

UPLOAD = f"{plans.folder('id-alice', 'one')}/upload"
HEAD = '{"format": "book-library", "version": 1, "books": ['


class Prepared(FakePictures):
    """Makes covers as the program does, and counts them."""

    def __init__(self):
        super().__init__()
        self.made = 0

    async def cover(self, picture):
        self.made += 1
        return prepare_cover(picture)


@pytest.fixture
async def world():
    clock = Clock()
    storage = MemoryStorage(clock)
    await storage.add_user(a_user("alice"))
    return World(
        storage=storage,
        queue=FakeQueue(),
        catalogues=(),
        files=MemoryFiles(),
        pictures=Prepared(),
        now=clock,
    )


def a_stored(number=1):
    pictures = prepare_cover(a_cover(number, (120, 180)))
    return pictures, CoverName.of(pictures.large, pictures.width, pictures.height, own=True)


def zipped(*entries):
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        warnings.simplefilter("ignore")  # of names that come twice
        for name, data in entries:
            made.writestr(name, data)
    return out.getvalue()


def a_library(*books):
    return HEAD + ",\n".join(json.dumps({"status": "read", **book}) for book in books) + "]}"


def a_book(**members):
    return {"known": {"title": "Dune"}, **members}


def rows_of(tmp_path, data):
    path = tmp_path / "upload"
    path.write_bytes(data)
    return list(open_rows(path, "upload").rows())


async def taken(world, tmp_path, data):
    """The rows of an archive once their pictures are stored."""
    rows = rows_of(tmp_path, data)
    await world.files.put(UPLOAD, data)
    async with Covers(world, "id-alice", UPLOAD) as covers:
        return [one.row for one in await covers.taken([Judged(row, "new") for row in rows])]


def kept(world, folder="users/"):
    return sorted(name for name in world.files.kept if name.startswith(folder))


# What is written


async def test_an_archive_holds_each_picture_once_stored_and_the_library_packed(world):
    pictures, name = a_stored()
    for size, data in (("large", pictures.large), ("small", pictures.small)):
        await world.files.put(name.file(size, "id-alice"), data)
    given = {"cover_file": str(name)}
    mine = {"title": "Another", "cover_file": str(name)}
    await added(world.storage, a_copy(given=given), a_copy(minute=1, mine=mine))
    data = b"".join([piece async for piece in library_zip.stream(world, "id-alice")])
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        picture, library = made.infolist()
        assert (picture.filename, picture.compress_type) == (
            f"covers/{name._replace(own=False)}.webp",
            zipfile.ZIP_STORED,
        )
        assert made.read(picture) == pictures.large
        assert (library.filename, library.compress_type) == ("library.json", zipfile.ZIP_DEFLATED)
        first, second = json.loads(made.read(library))["books"]
        assert {entry.date_time for entry in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert first["cover"] == second["mine"]["cover_file"] == picture.filename


async def test_a_picture_that_is_lost_is_not_referred_to(world):
    _, name = a_stored()
    await added(world.storage, a_copy(given={"cover_file": str(name)}))
    data = b"".join([piece async for piece in library_zip.stream(world, "id-alice")])
    with zipfile.ZipFile(io.BytesIO(data)) as made:
        assert made.namelist() == ["library.json"]
        assert "cover" not in json.loads(made.read("library.json"))["books"][0]


# What comes back


async def test_our_own_picture_comes_back_byte_for_byte(world, tmp_path):
    pictures, name = a_stored()
    file = f"covers/{name._replace(own=False)}.webp"
    book = a_book(cover=file, mine={"cover_file": file})
    data = zipped((file, pictures.large), ("library.json", a_library(book)))
    (row,) = await taken(world, tmp_path, data)
    assert row.mine["cover_file"] == row.given["cover_file"] == str(name)
    assert world.files.kept[name.file("large", "id-alice")] == pictures.large
    assert len(kept(world)) == 2


async def test_a_picture_that_is_here_already_is_not_read_again(world, tmp_path):
    pictures, name = a_stored()
    file = f"covers/{name._replace(own=False)}.webp"
    data = zipped((file, pictures.large), ("library.json", a_library(a_book(cover=file))))
    await taken(world, tmp_path, data)
    await taken(world, tmp_path, data)
    assert world.pictures.made == 1


async def test_any_other_picture_is_made_a_cover_as_an_upload_is(world, tmp_path):
    photo = a_cover(3, (800, 1200))
    book = a_book(cover="covers/photo.jpg")
    (row,) = await taken(
        world, tmp_path, zipped(("covers/photo.jpg", photo), ("library.json", a_library(book)))
    )
    made = prepare_cover(photo)
    name = CoverName.of(made.large, made.width, made.height, own=True)
    assert row.given["cover_file"] == str(name)
    assert world.files.kept[name.file("large", "id-alice")] == made.large


@pytest.mark.parametrize("tampered", ["more", "metadata", "other"])
async def test_a_picture_that_is_not_as_we_made_it_is_made_anew(world, tmp_path, tampered):
    pictures, name = a_stored()
    large = pictures.large
    if tampered == "more":
        large += b"<script>"
    elif tampered == "metadata":
        exif = b"EXIF" + struct.pack("<I", 4) + b"here"
        large = b"RIFF" + struct.pack("<I", len(large) - 8 + len(exif)) + large[8:] + exif
    else:
        large = a_stored(2)[0].large
    file = f"covers/{CoverName.of(large, 120, 180, own=False)}.webp"
    if tampered == "other":
        file = f"covers/{name._replace(own=False)}.webp"
    data = zipped((file, large), ("library.json", a_library(a_book(cover=file))))
    (row,) = await taken(world, tmp_path, data)
    stored = CoverName.parse(row.given["cover_file"])
    assert world.files.kept[stored.file("large", "id-alice")] != large
    assert CoverName.of(world.files.kept[stored.file("large", "id-alice")], 120, 180, own=True) == (
        stored
    )


@pytest.mark.parametrize("data", [b"no picture", b"", one_colour((10, 10))])
async def test_what_is_no_picture_is_left_out_and_the_book_stays(world, tmp_path, data):
    book = a_book(cover="covers/a.jpg", mine={"cover_file": "covers/a.jpg"})
    archived = zipped(("covers/a.jpg", data), ("library.json", a_library(book)))
    (row,) = await taken(world, tmp_path, archived)
    assert (row.given, row.mine) == ({"title": "Dune"}, {})
    assert kept(world) == []


async def test_a_library_apart_from_its_archive_comes_without_pictures(world, tmp_path):
    _, name = a_stored()
    book = a_book(cover=f"covers/{name._replace(own=False)}.webp")
    (row,) = await taken(world, tmp_path, a_library(book).encode())
    assert row.given == {"title": "Dune"}


async def test_none_is_wanted_stays_so(world, tmp_path):
    (row,) = await taken(world, tmp_path, a_library(a_book(mine={"cover_file": None})).encode())
    assert row.mine == {"cover_file": None}


async def test_a_busy_reader_of_pictures_lets_the_import_wait(world, tmp_path):
    class Crowded(FakePictures):
        async def cover(self, picture):
            raise Busy("Too many pictures wait.")

    world = replace(world, pictures=Crowded())
    book = a_book(cover="covers/a.jpg")
    with pytest.raises(Busy):
        await taken(
            world, tmp_path, zipped(("covers/a.jpg", b"x"), ("library.json", a_library(book)))
        )


# What somebody has tampered with


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "covers/../x", "covers/", "C:\\x", "covers/a/b"]
)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    (row,) = rows_of(
        tmp_path, zipped((name, b"x"), ("library.json", a_library(a_book(cover=name))))
    )
    assert "cover" in row.broken


async def test_nothing_is_unpacked_whatever_an_archive_is_called(world, tmp_path):
    folder = tmp_path / "in" / "side"
    folder.mkdir(parents=True)
    entries = [(name, b"x") for name in ("../../out", "/out", "..\\out")]
    await taken(world, folder, zipped(*entries, ("library.json", a_library(a_book()))))
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "side", "upload"]


async def test_a_link_is_read_as_the_bytes_that_it_is(world, tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        link = zipfile.ZipInfo("covers/a.jpg")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("library.json", a_library(a_book(cover="covers/a.jpg")))
    world = replace(world, pictures=FakePictures())
    (row,) = await taken(world, tmp_path, out.getvalue())
    assert row.given == {"title": "Dune"}


def test_two_libraries_in_one_archive_are_refused(tmp_path):
    twice = ("library.json", a_library(a_book()))
    with pytest.raises(BadFile, match="damaged"):
        rows_of(tmp_path, zipped(twice, twice))


def test_a_picture_that_unpacks_to_too_much_is_not_read(tmp_path):
    path = tmp_path / "bomb.zip"
    path.write_bytes(zipped(("covers/a.jpg", b"\0" * (archive.MAX_PICTURE + 1))))
    with archive.opened(path) as opened:
        assert archive.picture(opened, "covers/a.jpg") is None


def test_a_library_that_unpacks_to_too_much_is_refused(tmp_path):
    bomb = a_library(a_book(notes="a" * 10_000_000))
    with pytest.raises(BadFile, match="too large"):
        rows_of(tmp_path, zipped(("library.json", bomb)))


@pytest.mark.parametrize("of_64_bits", [False, True])
def test_an_archive_that_says_it_holds_more_than_there_may_be_is_refused(tmp_path, of_64_bits):
    data = zipped(("library.json", a_library(a_book())))
    start = data.rindex(b"PK\x05\x06")
    end = bytearray(data[start:])
    between = b""
    if of_64_bits:
        many = (10**6, 10**6, 10**10, 0)
        between = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, *many)
        between += struct.pack("<4sLQL", b"PK\x06\x07", 0, start, 1)
    struct.pack_into("<2HL", end, 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF)
    path = tmp_path / "many.zip"
    path.write_bytes(data[:start] + between + bytes(end))
    assert not archive.is_ours(path)
    with pytest.raises(BadFile):
        archive.opened(path)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
def test_an_archive_that_was_cut_off_is_refused(tmp_path, cut):
    data = zipped(("library.json", a_library(*[a_book(notes="n" * 50)] * 100)))
    with pytest.raises(BadFile):
        rows_of(tmp_path, data[: int(len(data) * cut)])


def test_an_archive_whose_library_is_damaged_is_refused(tmp_path):
    data = bytearray(zipped(("library.json", a_library(a_book(notes=os.urandom(5000).hex())))))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    with pytest.raises(BadFile, match="damaged"):
        rows_of(tmp_path, bytes(data))


def test_a_locked_archive_is_refused(tmp_path):
    data = bytearray(zipped(("library.json", a_library(a_book()))))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + place] |= 1
    with pytest.raises(BadFile, match="damaged"):
        rows_of(tmp_path, bytes(data))


def test_an_archive_of_something_else_is_told_apart(tmp_path):
    with pytest.raises(BadFile, match="neither an XLSX workbook nor an export"):
        rows_of(tmp_path, zipped(("holiday.jpg", b"x")))
