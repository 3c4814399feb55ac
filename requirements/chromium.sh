#!/usr/bin/env bash
# Makes sure that the browser tests have a Chromium: Debian's package where it may be installed.
set -euo pipefail

fail() {
  echo "chromium: $*" >&2
  exit 1
}

for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done

command -v apt-get >/dev/null || fail "the browser tests need Chromium on the PATH; install it and run again"
if [[ $(id -u) == 0 ]]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  fail "the browser tests need Chromium; run: sudo apt-get install chromium"
fi
echo "chromium: installing Debian's package"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends chromium >/dev/null
command -v chromium >/dev/null || fail "apt-get installed no chromium command"
