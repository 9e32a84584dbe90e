"""The bill in deploy/README.md: made by the script, from what the templates deploy."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from types import ModuleType

import pytest

from tests.aws.templates import Template
from tests.processes import ROOT

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "deploy/costs.py"


@pytest.fixture(scope="module")
def costs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("costs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_runbook_holds_what_the_script_prints(costs: ModuleType) -> None:
    told = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, check=True
    ).stdout
    runbook = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    held = runbook.partition(costs.BEGIN)[2].partition(costs.END)[0].strip()
    assert held == told.strip(), "run python3 deploy/costs.py --write"


def test_the_bill_is_for_what_the_template_deploys(costs: ModuleType) -> None:
    template = Template("app.yaml")
    assert int(template.values["ApiMemory"]) / 1024 == costs.API_GB
    assert int(template.values["WorkerMemory"]) / 1024 == costs.WORKER_GB
    assert template.values["Architecture"] == "arm64"
    assert template.properties("Sweep")["ScheduleExpression"] == "rate(5 minutes)"


def test_while_nobody_uses_it_it_costs_cents(costs: ModuleType) -> None:
    def sum_of(readers: int) -> float:
        return sum(line.costs(readers, free=False) for line in costs.lines())

    assert sum_of(0) < 1
    assert sum_of(100) < 5
    assert sum_of(10_000) < 100


def test_what_is_free_is_taken_off_and_never_below_nothing(costs: ModuleType) -> None:
    line = costs.Line("Requests", 5, 10, 2.0, 10, free=100)
    assert line.costs(20, free=False) == pytest.approx(41)
    assert line.costs(20, free=True) == pytest.approx(21)
    assert line.costs(1, free=True) == 0
