"""Promises about the whole tree: arrows, sizes, who may import and read what."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from graphlib import TopologicalSorter
from itertools import groupby
from pathlib import Path

import pytest

from tests.processes import ROOT

MAX_MODULE, MAX_FUNCTION, MAX_ROUTE = 300, 40, 15
TOP_LEVEL = {"booklib", "deploy", "infra", "static", "templates", "tests"}
TOP_FILES = {"LICENSE", "README.md", "pyproject.toml"}

CORE = {"models", "errors", "isbn", "passwords", "workplace"}
PORTS = CORE | {"ports"}
TOOLS = PORTS | {"claims", "retries"}
LIBRARY = TOOLS | {"cover_requests", "library"}
USE_CASES = LIBRARY | {"accounts", "metadata", "covers", "demo", "transfer"}
ALLOWED = {
    "": set(),
    "models": set(),
    "errors": set(),
    "isbn": {"errors"},
    "passwords": {"errors", "models"},
    "workplace": set(),
    "wording": {"models"},
    "settings": {"errors", "models"},
    "ports": {"models", "errors"},
    "claims": PORTS,
    "retries": PORTS,
    "cover_requests": TOOLS,
    "accounts": TOOLS,
    "library": LIBRARY,
    "metadata": LIBRARY,
    "covers": LIBRARY | {"metadata"},
    "pictures": {"models", "errors"},
    "scanning": {"models", "errors", "isbn", "pictures"},
    "picture_worker": {"models", "errors", "pictures", "scanning"},
    "demo": LIBRARY,
    "plain_text": {"models"},
    "transfer": LIBRARY | {"metadata", "covers", "plain_text", "wording"},
    "jobs": USE_CASES,
    "adapters": {"models", "errors", "settings", "ports", "plain_text", "workplace", ""},
    "web": USE_CASES | {"jobs", "wording", ""},
    "serve": {"errors"},
    "copying": PORTS,
    "checking": PORTS,
    "wiring": USE_CASES | {"jobs", "settings", "adapters", "copying"},
    "app": USE_CASES | {"settings", "web", "wiring", ""},
    "aws": USE_CASES | {"jobs", "settings", "web", "wiring", "adapters", "app"},
    "cli": USE_CASES | {"checking", "copying", "jobs", "settings", "serve", "app", "wiring", ""},
    "__main__": {"cli"},
}
"""What each part of `booklib` may import; the empty name is the package itself (its version)."""

OUTSIDE = {
    "mangum": {"aws"},
    "quart": {"web", "app"},
    "quart_auth": {"web", "app"},
    "quart_rate_limiter": {"web", "app"},
    "werkzeug": {"web"},
    "jinja2": {"web"},
    "markupsafe": {"web"},
    "hypercorn": {"serve"},
    "click": {"cli"},
    "argon2": {"passwords"},
    "zxcvbn": {"passwords"},
    "sqlite3": {"adapters"},
    "aiosqlite": {"adapters"},
    "aioboto3": {"adapters"},
    "boto3": {"adapters"},
    "botocore": {"adapters"},
    "aiobotocore": {"adapters"},
    "aiohttp": {"adapters"},
    "httpx": {"adapters"},
    "PIL": {"pictures", "scanning"},
    "pillow_heif": {"pictures"},
    "zxingcpp": {"scanning"},
    "pyzbar": {"scanning"},
    "segno": {"cli"},
    "openpyxl": {"transfer"},
    "ijson": {"transfer"},
}
"""The only parts that may import a package from outside."""


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the program by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text(encoding="utf-8"), str(path)
        )
        for path in sorted((ROOT / "booklib").rglob("*.py"))
    }


def part(module: str) -> str:
    """The part of the program that a module belongs to: `web` for `booklib.web.shelf`."""
    return [*module.split("."), ""][1]


def imports(module: str, *, at_load: bool = False) -> set[str]:
    """The dotted names that a module imports; `at_load`: only what runs when it is loaded."""
    found: set[str] = set()
    for node in walk(modules()[module], at_load):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in modules() else str(node.module))
    return found


def walk(tree: ast.AST, at_load: bool) -> list[ast.AST]:
    if not at_load:
        return list(ast.walk(tree))
    found: list[ast.AST] = []
    for node in ast.iter_child_nodes(tree):
        late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        types_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if not late and not types_only:
            found += [node, *walk(node, at_load)]
    return found


def functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(modules()[module])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, without its docstring and decorators."""
    assert node.end_lineno
    whole = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node, clean=False) is None:
        return whole
    docstring = node.body[0]
    assert docstring.end_lineno
    return whole - (docstring.end_lineno - docstring.lineno + 1)


@cache
def tracked() -> list[str]:
    """The files that git knows; where there is no git, those that a checkout holds."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def texts() -> dict[str, str]:
    found = {}
    for name in tracked():
        try:
            found[name] = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def test_arrows_point_inward() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        for name in sorted(imports(module))
        if name.split(".")[0] == "booklib"
        and part(name) != part(module)
        and part(name) not in ALLOWED[part(module)]
    ]
    assert wrong == []


def test_every_part_has_its_arrows() -> None:
    assert {part(module) for module in modules()} <= set(ALLOWED)


def test_only_the_wiring_knows_adapters() -> None:
    knowing = {
        module
        for module in modules()
        if part(module) != "adapters"
        and any(part(name) == "adapters" for name in imports(module) if "booklib" in name)
    }
    assert knowing <= {"booklib.wiring", "booklib.aws.api", "booklib.aws.messages"}


def test_there_is_no_import_cycle() -> None:
    graph = {
        module: {name for name in imports(module, at_load=True) if name in modules()} - {module}
        for module in modules()
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the cycle


def test_packages_from_outside_stay_where_they_belong() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in modules()
        for name in sorted(imports(module))
        if part(module) not in OUTSIDE.get(name.split(".")[0], {part(module)})
    ]
    assert wrong == []


def test_only_settings_reads_the_environment() -> None:
    readers = {
        module
        for module, tree in modules().items()
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv"})
    }
    assert readers == {"booklib.settings"}


def test_modules_functions_and_routes_stay_small() -> None:
    large = [
        f"{module}: {count} lines"
        for module in modules()
        if (count := source(module).count("\n")) > MAX_MODULE
    ]
    for module in modules():
        for node in functions(module):
            route = any(
                ast.unparse(decorator).startswith("blueprint.") for decorator in node.decorator_list
            )
            if lines(node) > (MAX_ROUTE if route else MAX_FUNCTION):
                large.append(f"{module}.{node.name}: {lines(node)} lines")
    assert large == []


def source(module: str) -> str:
    path = ROOT.joinpath(*module.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return path.read_text(encoding="utf-8")


def test_every_module_says_in_one_line_what_it_is_for() -> None:
    silent = [
        module
        for module, tree in modules().items()
        if not (ast.get_docstring(tree) or "").partition("\n")[0].strip()
    ]
    assert silent == []


def test_every_argument_and_result_is_annotated() -> None:
    bare = [
        f"{module}.{node.name}"
        for module in modules()
        for node in functions(module)
        if node.returns is None
        or any(
            argument.annotation is None
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            if argument.arg not in {"self", "cls"}
        )
    ]
    assert bare == []


def test_the_top_level_is_the_one_of_the_design() -> None:
    names = {Path(name).parts for name in tracked()}
    assert {parts[0] for parts in names if len(parts) > 1 and parts[0][0] != "."} <= TOP_LEVEL
    assert {parts[0] for parts in names if len(parts) == 1 and parts[0][0] != "."} <= TOP_FILES


def test_no_file_names_a_place_on_a_machine() -> None:
    places = re.compile(r"(?<![\w.~$}{-])/(?:work|root|home|Users)/\w")
    found = [
        f"{name}: {line.strip()[:80]}"
        for name, text in texts().items()
        for line in text.splitlines()
        if places.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-test.txt", "requirements-node.txt"]
)
def test_a_lock_names_versions_and_hashes_and_no_address(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text(encoding="utf-8")
    assert "/" not in text
    assert "--index" not in text
    packages = [line for line in text.splitlines() if line and not line.startswith("    --hash=")]
    assert packages
    for package in packages:
        assert re.match(r"[a-z0-9-]+==[0-9][\w.]* (; .+ )?\\$", package), package
    for is_hash, group in groupby(text.splitlines(), key=lambda line: "--hash=sha256:" in line):
        assert is_hash or len(list(group)) == 1, "a package without a hash"


def test_the_npm_lock_has_integrity_and_no_address() -> None:
    text = (ROOT / "deploy/npm/package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in text
    assert "://" not in text
    assert text.count('"integrity": "sha512-') == text.count('"node_modules/')


def test_nothing_of_others_is_committed() -> None:
    foreign = [name for name in tracked() if "vendor/" in name or re.search(r"\.min\.\w+$", name)]
    assert foreign == []
