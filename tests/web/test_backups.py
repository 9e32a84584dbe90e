"""What the account page tells of backups."""

from dataclasses import replace
from datetime import timedelta

import pytest

from booklib.models import BackupState
from tests.fakes import Clock
from tests.web.conftest import Site, page_of


class FakeBackups:
    """Backups that stand as a test wants."""

    def __init__(self, *state):
        self._state = BackupState(*state)

    async def state(self):
        return self._state


@pytest.mark.parametrize(
    ("hours", "kept", "problem", "words", "warning"),
    [
        (2, 7, "", "made today at 10:00; 7 days are kept.", False),
        (26, 1, "", "made yesterday at 10:00; 1 day is kept.", False),
        (80, 7, "", "on 29 October 2026 at 04:00", True),
        (2, 3, "The disk is full.", "did not succeed: The disk is full.", True),
    ],
)
async def test_the_account_page_tells_of_the_last_backup(
    settings, hours, kept, problem, words, warning
):
    last = Clock().now - timedelta(hours=hours)
    site = Site(settings, backups=FakeBackups(last, kept, problem))
    await site.add("alice")
    async with site.app.test_app():
        page = await page_of(await site.client(await site.user()).get("/account"))
    assert words in page
    assert ("notice--warn" in page) is warning


async def test_before_the_first_backup_it_says_when_that_comes(settings):
    site = Site(settings, backups=FakeBackups(None, 0, ""))
    await site.add("alice")
    async with site.app.test_app():
        page = await page_of(await site.client(await site.user()).get("/account"))
    assert "within a minute of the start" in page


async def test_on_aws_it_says_that_the_database_keeps_former_states(settings):
    site = Site(replace(settings, storage="dynamodb"))
    await site.add("alice")
    async with site.app.test_app():
        page = await page_of(await site.client(await site.user()).get("/account"))
    assert "DynamoDB keeps every second of the last 35 days." in page
