#!/usr/bin/env bash
# Take the pictures of the README anew, into deploy/pictures. tests/run.sh must have run once.
set -euo pipefail
CDPATH="" cd "$(dirname "$0")/.."
. deploy/setup.sh

for python in .venv-test-3.*/bin/python; do
    [ ! -x "$python" ] || exec "$python" -m tests.screenshots
done
fail "The tests' environment is missing: please run ./tests/run.sh quick once."
