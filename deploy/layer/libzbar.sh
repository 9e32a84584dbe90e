#!/usr/bin/env bash
# Build libzbar from its source, as much of it as reads the barcodes on books; needs only a compiler.
#
#   deploy/layer/libzbar.sh SOURCE LIBRARY      the unpacked source; the file to write
#
# Its other decoders (QR, DataBar ...), cameras and windows are left out: what is not there has no
# holes, and needs no other library.
set -euo pipefail

source=$1
library=$2
newest=2.34 # the glibc of Amazon Linux 2023

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
: >"$scratch/config.h" # which its configure script would write; the options below say it all
mkdir -p "$(dirname "$library")"

cd "$source/zbar"
"${CC:-cc}" -shared -fPIC -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong -w \
    -DENABLE_EAN=1 -DHAVE_ERRNO_H -DHAVE_INTTYPES_H -DHAVE_LIBPTHREAD -DHAVE_SYS_TIME_H -DHAVE_UNISTD_H \
    -DZBAR_VERSION_MAJOR=0 -DZBAR_VERSION_MINOR=23 -DZBAR_VERSION_PATCH=93 \
    -I"$scratch" -I../include -I. \
    -Wl,-soname,libzbar.so.0 -Wl,-z,defs,-z,relro,-z,now -s -o "$scratch/libzbar.so.0" \
    config.c decoder.c decoder/ean.c error.c image.c img_scanner.c misc.c refcnt.c scanner.c symbol.c \
    -lpthread
cd "$OLDPWD"

highest=$(objdump -T "$scratch/libzbar.so.0" | grep -oE 'GLIBC_[0-9.]+' | sort -V | tail -n 1)
if [ "$(printf '%s\n' "${highest#GLIBC_}" "$newest" | sort -V | tail -n 1)" != "$newest" ]; then
    echo "Lambda has glibc $newest, and this machine's libzbar would ask for ${highest#GLIBC_}:" \
        "please build it on an older Linux, or with Docker." >&2
    exit 1
fi
mv "$scratch/libzbar.so.0" "$library"
cp "$source/LICENSE.md" "$(dirname "$library")/libzbar-LICENSE.md"
chmod 644 "$library"
