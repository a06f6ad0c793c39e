#!/bin/sh
# Installs HemaLens from this folder of the boot partition, without a network.
# What happens is written beside it: a board without a screen must say why it stopped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec >>"$here/first-boot.log" 2>&1
trap 'code=$?; [ "$code" -eq 0 ] || echo "HemaLens is not installed (exit $code)"; sync' EXIT
date -u

environment=/opt/hemalens/env-a
if [ ! -e /opt/hemalens/current ]; then
  # Whole or not at all: without the link above it is made anew at the next attempt.
  python3 -m venv --system-site-packages --clear "$environment"
  "$environment/bin/python" -m pip --isolated install --no-index --no-deps \
    --no-cache-dir --no-compile --disable-pip-version-check --find-links "$here/wheelhouse" \
    --require-hashes -r "$here/wheelhouse/requirements.txt"
  ln -s env-a /opt/hemalens/current
fi
/opt/hemalens/current/bin/hemalens device install --from "$here"
rm -rf "$here/operator-password" "$here/fleet"
echo "HemaLens is installed"
