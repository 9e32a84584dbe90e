"""The emulators, for every test of this folder."""

from __future__ import annotations

from tests.aws.fixtures import ministack, moto  # noqa: F401
from tests.aws.in_place import place, reader, visitor  # noqa: F401
