"""A pytest plugin that fails the run if any test was skipped, expected to fail or deselected.

With --again, for a further Python, tests that are marked `once` are not among those that count.
"""

from __future__ import annotations

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--again", action="store_true", help="leave out what is marked `once`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--again"):
        items[:] = [item for item in items if not item.get_closest_marker("once")]


class NothingLeftOut:
    """Collects what did not really run, in this process and in those of pytest-xdist."""

    def __init__(self) -> None:
        self.left_out: list[str] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.left_out += getattr(node, "workeroutput", {}).get("left_out", [])

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.left_out += [f"deselected {item.nodeid}" for item in items]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped or hasattr(report, "wasxfail"):
            self.left_out.append(f"skipped or expected to fail {report.nodeid}")

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.left_out.append(f"skipped {report.nodeid}")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        # What is deselected only the process knows that would have run it.
        getattr(session.config, "workeroutput", {})["left_out"] = self.left_out
        if self.left_out and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.left_out:
            terminalreporter.section("left out, which is a failure here")
            for name in sorted(set(self.left_out)):
                terminalreporter.line(name)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(NothingLeftOut())
