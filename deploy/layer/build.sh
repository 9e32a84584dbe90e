#!/usr/bin/env bash
# Build the layer of the functions: what reads pictures and their barcodes.
#
#   deploy/layer/build.sh [--runtime python3.13] [--architecture arm64] [--zbar-source FOLDER] LAYER.zip
#
# python/ holds Pillow, zxing-cpp and pyzbar as wheels for Lambda's machines. lib/ holds libzbar, which
# pyzbar needs: Docker builds it in Amazon's image; or, on Linux of the same architecture, a compiler
# does it from the unpacked source in FOLDER. Without either zxing-cpp reads the barcodes alone.
set -euo pipefail
CDPATH="" cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. deploy/setup.sh

runtime=python3.13
architecture=arm64
zbar_source=""
layer=""
while [ $# -gt 0 ]; do
    case $1 in
    --runtime) runtime=${2:?} ;;
    --architecture) architecture=${2:?} ;;
    --zbar-source) zbar_source=${2:?} ;;
    -*) fail "There is no option $1." ;;
    *)
        layer=$1
        set -- "" "$@"
        ;;
    esac
    shift 2
done
case $architecture in
arm64) machine=aarch64 platform=linux/arm64 ;;
x86_64) machine=x86_64 platform=linux/amd64 ;;
*) fail "Lambda's architectures are arm64 and x86_64." ;;
esac
[ -n "$layer" ] || fail "Which file shall be written? For example:  deploy/layer/build.sh layer.zip"

# PYTHON names another Python with pip.
python=${PYTHON:-.venv/bin/python}
if [ -z "${PYTHON:-}" ] && ! venv_is_ready .venv "$(fingerprint deploy/requirements.txt pyproject.toml)"; then
    make_venv .venv "$(find_python python3 python3.13 python3.12 python3.11 python3.14)" deploy/requirements.txt
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
PYTHONPATH=deploy "$python" -m zipping.layer wheels "$runtime" "$architecture" "$scratch/layer"

by_docker() {
    mkdir "$scratch/context"
    cp -R booklib deploy/layer/libzbar.sh deploy/layer/smoke.py "$scratch/layer/python" "$scratch/context"
    say "Building libzbar in Amazon's image ..."
    DOCKER_BUILDKIT=1 docker build --platform "$platform" --build-arg "PYTHON=${runtime#python}" \
        --file deploy/layer/Dockerfile --output "type=local,dest=$scratch/built" "$scratch/context" >&2 ||
        fail "Docker could not build libzbar. On another architecture than $architecture it needs an" \
            "emulator; where Docker Desktop did not bring one, this does:
    docker run --privileged --rm tonistiigi/binfmt --install $architecture
Without Docker running, the layer is built without libzbar."
    mv "$scratch/built/lib" "$scratch/layer/lib"
}

if [ -n "$zbar_source" ]; then
    [ "$(uname -s) $(uname -m)" = "Linux $machine" ] ||
        fail "This machine is no Linux on $machine: only Docker can build libzbar for $architecture here."
    deploy/layer/libzbar.sh "$zbar_source" "$scratch/layer/lib/libzbar.so.0"
elif docker info >/dev/null 2>&1; then
    by_docker
else
    say "Docker is not running here, so the layer gets no libzbar: zxing-cpp reads the barcodes alone, and" \
        "misses a few in hard photos that both together find. With Docker running, deploy once more."
fi
PYTHONPATH=deploy "$python" -m zipping.layer zip "$scratch/layer" "$layer"
