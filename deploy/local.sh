#!/usr/bin/env bash
# Set the Book Library up on this machine, as far as that is not done yet, and serve it.
#
#   ./deploy/local.sh [--host ADDRESS] [--port NUMBER]
#
# Wants git's checkout and Python 3.11 or newer, nothing else. The settings of the README's table
# are taken from the environment.
set -euo pipefail
CDPATH="" cd "$(dirname "${BASH_SOURCE[0]}")/.."
. deploy/setup.sh

if ! venv_is_ready .venv "$(fingerprint deploy/requirements.txt pyproject.toml)"; then
    python=$(find_python python3 python3.13 python3.12 python3.11 python3.14)
    make_venv .venv "$python" deploy/requirements.txt
fi
fill_vendor .venv
exec .venv/bin/booklib serve "$@"
