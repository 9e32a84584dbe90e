"""The package of the functions: whole, small, for Lambda's machines, and the same twice."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from booklib.web.assets import Assets
from tests.aws import elf
from tests.aws.packages import (
    RUNTIME_BIN,
    build_package,
    built_layer,
    built_package,
    environment,
    runtime,
)
from tests.processes import ROOT

pytestmark = [pytest.mark.once, pytest.mark.slow]

LARGEST = 45_000_000
"""Bytes of the unzipped package: what a start reads, and half a year's growth."""

PARTS = ("booklib", "deploy", "static", "templates")

FUNCTIONS = ("booklib.aws.api", "booklib.aws.worker")
"""Importing these is their start, which the journeys through the package see."""

LOCAL = (
    "booklib.__main__",
    "booklib.adapters.sqlite",
    "booklib.cli",
    "booklib.demo",
    "booklib.serve",
)

IMPORT_ALL = """
import importlib, sys
from importlib.machinery import SourceFileLoader

task, layer, *names = sys.argv[1:]

def compiled(self, data, path, **more):
    assert not path.startswith((task, layer)), f"{path} had no bytecode"
    return compile(data, path, "exec", dont_inherit=True)

SourceFileLoader.source_to_code = compiled
for name in names:
    importlib.import_module(name)
ours = [module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)]
print(sum(path.startswith(task) for path in ours))
print(sum(path.startswith(layer) for path in ours))
"""


def modules(folder: Path) -> list[str]:
    """Every module of the program in the package, by its dotted name."""
    found = ((path.relative_to(folder).with_suffix("")) for path in folder.glob("booklib/**/*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in found)


def test_all_of_the_program_is_imported_from_the_package_and_the_layer_alone() -> None:
    task, layer = built_package().folder, built_layer().folder
    names = [name for name in modules(task) if name not in FUNCTIONS]
    assert "booklib.web.shelf" in names
    assert "booklib.scanning.engines" in names
    done = subprocess.run(
        [RUNTIME_BIN / "python", "-B", "-W", "error", "-c", IMPORT_ALL, task, layer, *names],
        cwd=task,
        env={"PATH": "/var/lang/bin", "PYTHONPATH": f"{task}:{layer / 'python'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    of_the_package, of_the_layer = map(int, done.stdout.split())
    assert of_the_package > 500
    assert of_the_layer > 10


def test_what_is_left_out_of_the_program_serves_the_local_one_alone() -> None:
    everything = set(modules(ROOT)) - set(modules(built_package().folder))
    assert everything
    for name in everything:
        assert any(f"{name}.".startswith(f"{local}.") for local in LOCAL), name


def test_the_package_has_the_shape_that_lambda_wants() -> None:
    folder = built_package().folder
    names = {path.name for path in folder.iterdir()}
    assert {"booklib", "templates", "static", "quart", "mangum", "aioboto3"} <= names
    assert not names & {"python", "lib", "bin", "PIL", "pyzbar", "zxingcpp", "tests", "deploy"}
    assert not [path for path in folder.rglob("*") if path.is_symlink()]
    for path in folder.rglob("*.py"):
        version = runtime().removeprefix("python").replace(".", "")
        bytecode = path.parent / f"__pycache__/{path.stem}.cpython-{version}.pyc"
        assert bytecode.read_bytes()[4:8] == b"\x01\x00\x00\x00", "it is compared with its source"


def test_no_file_names_a_place_on_this_machine() -> None:
    places = (str(ROOT), sys.prefix, sysconfig.get_path("stdlib"), tempfile.gettempdir() + "/tmp")
    for path in built_package().folder.rglob("*"):
        if path.is_file():
            body = path.read_bytes()
            assert [place for place in places if place.encode() in body] == [], path
            assert path.suffix != ".pyc" or b"/var/task/" in body


def test_the_package_stays_small() -> None:
    package = built_package()
    assert package.unzipped_bytes <= LARGEST
    assert package.unzipped_bytes + built_layer().unzipped_bytes < 250 * 2**20, "Lambda's limit"
    assert package.zip.stat().st_size < 50 * 2**20, "Lambda's limit without S3"


def test_boto_knows_the_services_that_are_used_and_every_partition() -> None:
    data = built_package().folder / "botocore/data"
    services = {"dynamodb", "s3", "secretsmanager", "sqs", "sts"}
    assert {path.name for path in data.iterdir() if path.is_dir()} == services
    endpoints = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
    partitions = {partition["partition"]: partition for partition in endpoints["partitions"]}
    assert {"aws", "aws-cn", "aws-us-gov"} <= set(partitions)
    assert "eu-central-1" in partitions["aws"]["regions"]
    assert set(partitions["aws"]["services"]) == services


def test_the_licences_of_all_that_is_in_it_are_in_it() -> None:
    folder = built_package().folder
    for package in folder.glob("*.dist-info"):
        assert (package / "METADATA").is_file()
        assert not (package / "RECORD").exists(), "it tells of files that are gone"
    licensed = {path.parent for path in folder.glob("*.dist-info/LICEN*")}
    licensed |= {path.parent for path in folder.glob("*.dist-info/licenses")}
    without = {path.name for path in folder.glob("*.dist-info")} - {path.name for path in licensed}
    assert {name.partition("-")[0] for name in without} <= {"h11"}, "their wheels have none"


def test_conditions_in_the_lock_are_about_python_alone() -> None:
    lock = (ROOT / "deploy/requirements-aws.txt").read_text(encoding="utf-8")
    conditions = set(re.findall(r"; (\w+) ", lock))
    # Another kind would be answered by the machine that builds, and not by Lambda's.
    assert conditions <= {"python_full_version", "python_version", "implementation_name"}


def test_static_files_are_those_of_the_checkout_and_gzipped_already() -> None:
    folder = built_package().folder / "static"
    ours = Assets(ROOT / "static", "", reload=False)
    packed = Assets(folder, "", reload=False)
    assert [name for name, _ in packed.items()] == [name for name, _ in ours.items()]
    assert packed.build() == ours.build()
    for name, asset in ours.items():
        assert packed.url(name) == ours.url(name)
        assert (folder / name).read_bytes() == asset.body
        ready = folder / f"{name}.gz"
        assert ready.exists() == (asset.packed is not None)
        if ready.exists():
            assert gzip.decompress(ready.read_bytes()) == asset.body


def test_a_package_for_the_other_machines_has_their_libraries_alone() -> None:
    for architecture in ("arm64", "x86_64"):
        libraries = elf.libraries(built_package(architecture).folder)
        assert len(libraries) > 10
        assert {elf.architecture(path) for path in libraries} == {architecture}
        assert max(map(elf.newest_glibc, libraries)) <= (2, 34)


def test_another_folder_another_home_and_another_day_make_the_same_package(tmp_path: Path) -> None:
    checkout, home = tmp_path / "elsewhere/checkout", tmp_path / "home"
    home.mkdir()
    for part in PARTS:
        skipped = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / part, checkout / part, ignore=skipped, copy_function=shutil.copyfile)
    target = tmp_path / "again.zip"
    build_package(target, checkout=checkout, HOME=str(home), TMPDIR=str(home), PYTHONHASHSEED="7")
    assert target.read_bytes() == built_package().zip.read_bytes()


def failing(*arguments: str, **more: str) -> str:
    """What the script says where it cannot build anything."""
    done = subprocess.run(
        [sys.executable, ROOT / "deploy/package.py", *arguments],
        env=environment(**more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_without_the_right_python_it_says_which_one_is_missing(tmp_path: Path) -> None:
    said = failing("--runtime", "python3.99", str(tmp_path / "x.zip"))
    assert "there is no Python 3.99 here. Please install it" in said
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_it_says_what_pip_says(tmp_path: Path) -> None:
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    said = failing("--runtime", runtime(), str(tmp_path / "x.zip"), **nowhere)
    assert "could not be fetched. Is there a network" in said
    assert "No matching distribution found" in said
    assert list(tmp_path.iterdir()) == []
