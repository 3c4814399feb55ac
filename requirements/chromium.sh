#!/usr/bin/env bash
# Makes sure that the browser tests have a Chromium and letters to draw: Debian's packages, where
# they may be installed.
set -euo pipefail

fail() {
  echo "chromium: $*" >&2
  exit 1
}

have_browser() {
  local name
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && return
  done
  return 1
}

have_font() {
  [[ $(uname) != Linux || -n $(fc-list 2>/dev/null) ]]
}

missing=()
have_browser || missing+=(chromium)
have_font || missing+=(fonts-dejavu-core)
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null || fail "the browser tests need ${missing[*]}; install it and run again"
if [[ $(id -u) == 0 ]]; then
  as_root=()
elif sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  fail "the browser tests need ${missing[*]}; run: sudo apt-get install ${missing[*]}"
fi

echo "chromium: installing Debian's ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get update -qq &&
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  fail "apt-get could not install ${missing[*]}: $(grep -v '^$' "$log" | tail -n 1)"
fi
have_browser || fail "apt-get installed no chromium command"
