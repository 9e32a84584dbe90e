#!/usr/bin/env bash
# Install what the tests need, then check style and types and run every test.
#
#   ./tests/run.sh                  everything
#   ./tests/run.sh quick            under a minute: what needs neither long nor a browser
#   ./tests/run.sh contracts ...    folders or files below tests/, and options of pytest
#
# With CI=true everything runs on Python 3.13, and on 3.11 too where both exist, but for what does not
# run on the tests' own Python (marked `once`). A test that is skipped, expected to fail or left out
# is a failure then.
set -euo pipefail
CDPATH="" cd "$(dirname "${BASH_SOURCE[0]}")/.."
. deploy/setup.sh

# Print a real Python of version $1: from the PATH, or from pyenv where its stand-in names none.
python_of() {
    local name
    for name in "python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/"python$1" \
        "$(dirname "$(dirname "$(command -v "python$1" || echo /none/none)")")/versions/$1".*/bin/"python$1"; do
        if is_python "$name" && can_make_venv "$name"; then
            command -v "$name"
            return
        fi
    done
    return 1
}

pythons() {
    if [ "${CI:-}" = true ] && python_of 3.11 >/dev/null && python_of 3.13 >/dev/null; then
        python_of 3.13
        python_of 3.11
    else
        find_python python3 python3.13 python3.12 python3.11 python3.14
    fi
}

need_chromium() {
    command -v chromium >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ]; then
        say "Installing Chromium ..."
        apt_install chromium || true
    fi
    command -v chromium >/dev/null 2>&1 ||
        fail "The browser tests need the command chromium (Debian: sudo apt-get install chromium)."
}

# With libzbar both decoders of barcodes are tested; without it, that one does the work.
want_libzbar() {
    if [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ] && ! dpkg -s libzbar0 >/dev/null 2>&1; then
        say "Installing libzbar ..."
        apt_install libzbar0 || say "libzbar could not be installed: the tests do without it."
    fi
}

# axe-core and Lighthouse, with a Node.js that is new enough for it, in tests/.cache.
need_npm_packages() {
    local wanted
    wanted=$(fingerprint deploy/npm/package-lock.json deploy/requirements-node.txt)
    [ "$(cat tests/.cache/.stamp 2>/dev/null)" = "$wanted" ] && return
    say "Fetching axe-core and Lighthouse into tests/.cache ..."
    rm -f tests/.cache/.stamp
    unpack_npm "$1" tests/.cache
    node_of tests/.cache >/dev/null || borrow_node "$1" tests/.cache
    printf '%s\n' "$wanted" >tests/.cache/.stamp
}

# What stands in for AWS, each in an environment of its own (deploy/lock.sh tells why). On the newest
# Python that Lambda and the program have in common, or the one at hand.
need_aws() {
    local python name
    python=$(python_of 3.13) || python=$1
    for name in aws-tools ministack lambda; do
        make_tools ".venv-test-$name" "$python" "deploy/requirements-$name.txt"
    done
}

run_on() {
    local python=$1 version venv
    shift
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    venv=.venv-test-$version
    make_venv "$venv" "$python" deploy/requirements-test.txt
    fill_vendor "$venv"
    need_npm_packages "$venv"
    [ "$quick" = true ] || need_aws "$python"
    say "== Python $version =="
    "$venv/bin/ruff" check .
    "$venv/bin/ruff" format --check --quiet .
    "$venv/bin/mypy"
    "$venv/bin/python" -m pytest --numprocesses "$(processes)" --dist worksteal "$@"
}

# One more than there are cores, because tests wait as well; four at most, for their memory.
processes() {
    local cores
    cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    echo $((cores < 4 ? cores + 1 : 4))
}

arguments=()
quick=false
case "${1:-}" in
quick)
    shift
    quick=true
    arguments=(-m "not slow and not browser")
    ;;
*)
    need_chromium
    want_libzbar
    ;;
esac
for argument; do
    [ ! -e "tests/$argument" ] || argument=tests/$argument
    arguments+=("$argument")
done
if [ "${CI:-}" = true ]; then arguments+=(-p tests.nothing_left_out); fi

found=$(pythons)
while IFS= read -r python; do
    run_on "$python" ${arguments[@]+"${arguments[@]}"} </dev/null
    [ "${CI:-}" != true ] || arguments+=(--again)
done <<<"$found"
