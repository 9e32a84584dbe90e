"""The layer of the functions: built for Lambda's machines, and reading barcodes as on Lambda."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.aws import elf
from tests.aws.packages import (
    ARCHITECTURE,
    RUNTIME_BIN,
    build_layer,
    built_layer,
    built_package,
    environment,
    runtime,
)
from tests.aws.zbar import zbar_source
from tests.processes import ROOT

pytestmark = [pytest.mark.once, pytest.mark.slow]

LAYER = ROOT / "deploy/layer"
DOCKERFILE = (LAYER / "Dockerfile").read_text(encoding="utf-8")
GLIBC = (2, 34)
"""Of Amazon Linux 2023, which runs the functions from python3.12 on."""

OTHER = {"arm64": "x86_64", "x86_64": "arm64"}[ARCHITECTURE]
FAKE_DOCKER = """#!/bin/sh
[ "$1" = build ] || exit 0
echo "$*" >"$LOG"
for argument; do case $argument in type=local,dest=*) built=${argument#*dest=} ;; esac; done
(cd "$argument" && ls) >>"$LOG"
mkdir -p "$built/lib" && echo a library >"$built/lib/libzbar.so.0"
"""


def decoders() -> tuple[str, ...]:
    """Those of the layer: where no libzbar can be built, it does as it promises for that case."""
    return ("zxing", "zbar") if zbar_source() else ("zxing",)


def smoke(tmp_path: Path, layer: Path, *engines: str, path: str) -> str:
    """Read a barcode as a function does, these decoders and no others; what came of it.

    The machine's own libzbar, with which all would pass wrongly, is out of reach: the loader stops
    at the broken one that it meets on its path.
    """
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "libzbar.so.0").touch()
    done = subprocess.run(
        [RUNTIME_BIN / "python", "-B", LAYER / "smoke.py", *engines],
        env={
            "PATH": "/var/lang/bin",  # no compiler and no ldconfig, which find libraries elsewhere
            "LD_LIBRARY_PATH": f"{path}:{broken}",
            "PYTHONPATH": f"{built_package().folder}:{layer / 'python'}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_barcodes_are_read_where_the_loader_looks_into_the_layer(tmp_path: Path) -> None:
    layer = built_layer().folder
    told = smoke(tmp_path, layer, *decoders(), path=f"/var/runtime:{layer}/lib")
    assert (f"from: ['{layer}/lib/libzbar.so.0']" in told) == ("zbar" in decoders())


def test_barcodes_are_read_where_the_loader_knows_nothing_of_the_layer(tmp_path: Path) -> None:
    layer = built_layer().folder
    told = smoke(tmp_path, layer, *decoders(), path="/var/runtime")
    assert (f"from: ['{layer}/lib/libzbar.so.0']" in told) == ("zbar" in decoders())


def test_zxing_reads_alone_where_the_layer_has_no_libzbar(tmp_path: Path) -> None:
    (tmp_path / "python").symlink_to(built_layer().folder / "python")
    assert "from: []" in smoke(tmp_path, tmp_path, "zxing", path="/var/runtime")


def test_libzbar_needs_nothing_but_the_c_library_of_lambda() -> None:
    built = [path for path in elf.libraries(built_layer().folder) if path.parent.name == "lib"]
    assert len(built) == ("zbar" in decoders())
    for library in built:
        assert library.name == "libzbar.so.0"
        assert not library.is_symlink()
        assert elf.dynamic(library, "SONAME") == ["libzbar.so.0"]
        assert elf.dynamic(library, "NEEDED") == ["libc.so.6"]
        assert (0, 0) < elf.newest_glibc(library) <= GLIBC
        assert (library.parent / "libzbar-LICENSE.md").is_file()


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_every_library_is_for_the_machines_of_lambda(architecture: str) -> None:
    folder = built_layer(architecture).folder
    assert {path.name for path in folder.iterdir()} <= {"python", "lib"}
    libraries = elf.libraries(folder)
    assert {"zxingcpp.abi3.so"} < {path.name for path in libraries}
    assert {elf.architecture(path) for path in libraries} == {architecture}
    assert max(map(elf.newest_glibc, libraries)) <= GLIBC


def test_the_layer_has_the_locked_packages_and_their_licences() -> None:
    python = built_layer().folder / "python"
    found = {path.name.removesuffix(".dist-info") for path in python.glob("*.dist-info")}
    lock = (ROOT / "deploy/requirements-layer.txt").read_text(encoding="utf-8")
    names = re.findall(r"^([a-z-]+)==(\S+)", lock, re.MULTILINE)
    assert found == {f"{name.replace('-', '_')}-{version}" for name, version in names}
    packages = (ROOT / "deploy/requirements-aws.txt").read_text(encoding="utf-8")
    for name, version in names:
        assert f"\n{name}=={version} " in packages, "the local program has another version"
    for package in ("pillow", "pyzbar", "zxing_cpp"):
        (folder,) = python.glob(f"{package}-*.dist-info")
        assert [path for path in folder.rglob("*LICENSE*") if path.is_file()]


def test_the_same_layer_is_built_twice(tmp_path: Path) -> None:
    build_layer(tmp_path / "again.zip", zbar=zbar_source())
    assert (tmp_path / "again.zip").read_bytes() == built_layer().zip.read_bytes()


def test_without_docker_it_says_what_is_missing(tmp_path: Path) -> None:
    said = build_layer(tmp_path / "layer.zip", OTHER)
    assert "Docker is not running here, so the layer gets no libzbar" in said


def built_by(docker: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Build the layer of the other architecture where `docker` does as this script says."""
    command = tmp_path / "bin/docker"
    command.parent.mkdir()
    command.write_text(docker, encoding="utf-8")
    command.chmod(0o755)
    given = environment(LOG=str(tmp_path / "log"))
    options = ("--runtime", runtime(), "--architecture", OTHER)
    return subprocess.run(
        [LAYER / "build.sh", *options, tmp_path / "layer.zip"],
        env=given | {"PATH": f"{command.parent}:{given['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_docker_builds_libzbar_for_the_architecture_that_is_asked_for(tmp_path: Path) -> None:
    done = built_by(FAKE_DOCKER, tmp_path)
    assert done.returncode == 0, done.stderr
    call, *context = (tmp_path / "log").read_text(encoding="utf-8").splitlines()
    platform = {"arm64": "linux/arm64", "x86_64": "linux/amd64"}[OTHER]
    assert f"--platform {platform} --build-arg PYTHON={runtime()[6:]} " in call
    assert "--file deploy/layer/Dockerfile --output type=local,dest=" in call
    copied = re.findall(r"^COPY (\w[\w.]*)/? ", DOCKERFILE, re.MULTILINE)
    assert sorted(copied) == sorted(context) == ["booklib", "libzbar.sh", "python", "smoke.py"]
    listed = subprocess.run(
        [RUNTIME_BIN / "python", "-m", "zipfile", "-l", tmp_path / "layer.zip"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "lib/libzbar.so.0" in listed.stdout


def test_a_failure_of_docker_is_told_with_what_would_help(tmp_path: Path) -> None:
    done = built_by('#!/bin/sh\n[ "$1" = info ]\n', tmp_path)
    assert done.returncode == 1
    assert f"tonistiigi/binfmt --install {OTHER}" in done.stderr
    assert not (tmp_path / "layer.zip").exists()


def test_a_compiler_is_asked_for_its_own_architecture_only(tmp_path: Path) -> None:
    command = [LAYER / "build.sh", "--architecture", OTHER, "--zbar-source", tmp_path, "x.zip"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"only Docker can build libzbar for {OTHER} here" in done.stderr


def test_a_library_that_lambda_could_not_load_is_refused(tmp_path: Path) -> None:
    for name, script in {
        "cc": "exit 0",
        "objdump": "echo '0 (GLIBC_2.4) f; (GLIBC_2.38) g'",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "source/zbar").mkdir(parents=True)
    given = environment()
    done = subprocess.run(
        [LAYER / "libzbar.sh", tmp_path / "source", tmp_path / "lib/libzbar.so.0"],
        env=given | {"PATH": f"{tmp_path}:{given['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Lambda has glibc 2.34, and this machine's libzbar would ask for 2.38" in done.stderr
    assert not (tmp_path / "lib/libzbar.so.0").exists()


def test_the_dockerfile_builds_in_amazons_image_from_a_source_that_is_checked() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases == ["public.ecr.aws/lambda/python:${PYTHON}"] * 2 + ["scratch"]
    assert "latest" not in DOCKERFILE
    assert not re.search(r"^ADD ", DOCKERFILE, re.MULTILINE), "it would not check what it fetches"
    told = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, re.MULTILINE))
    template = (ROOT / "infra/app.yaml").read_text(encoding="utf-8")
    assert f"Default: python{told['PYTHON']}\n" in template
    # CVE-2023-40889 and CVE-2023-40890 are mended since 0.23.93.
    assert tuple(map(int, told["ZBAR"].split("."))) >= (0, 23, 93)
    assert re.fullmatch(r"[0-9a-f]{64}", told["ZBAR_SHA256"])
    assert '"${ZBAR_SHA256}  zbar.tar.bz2" | sha256sum --check' in DOCKERFILE
    script = (LAYER / "libzbar.sh").read_text(encoding="utf-8")
    parts = re.findall(r"-DZBAR_VERSION_\w+=(\d+)", script)
    assert ".".join(parts) == told["ZBAR"]


def test_the_dockerfile_tries_the_layer_out_as_lambda_lays_it_out() -> None:
    *_, tried, exported = DOCKERFILE.split("\nFROM ")
    assert "\nCOPY --from=libzbar /opt/lib/ /opt/lib/\n" in tried
    assert "\nCOPY python/ /opt/python/\n" in tried
    assert "RUN PYTHONPATH=/opt/python:/var/task python /tmp/smoke.py zxing zbar\n" in tried
    assert "gcc" not in tried
    assert exported.startswith("scratch\nCOPY --from=tried /opt/lib/ /lib/")
