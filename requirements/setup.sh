#!/usr/bin/env bash
# Makes .venv with the locked versions and the project itself; returns at once where it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/.installed
inputs=(pyproject.toml requirements/runtime.txt requirements/dev.txt requirements/setup.sh)

fail() {
  echo "setup: $*" >&2
  exit 1
}

up_to_date() {
  [[ -f $stamp && -x .venv/bin/python ]] || return 1
  for input in "${inputs[@]}"; do
    [[ $input -nt $stamp ]] && return 1
  done
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
  local name
  for name in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  return 1
}

up_to_date && exit 0
python=$(find_python) || fail "no Python 3.11 or newer found (tried ${PYTHON:-python3.11 and newer}); install one, or name it: make setup PYTHON=/path/to/python3.11"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
  fail "$python has no venv module; on Debian or Ubuntu: apt-get install python3-venv"

if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "setup: making .venv with $("$python" --version)"
  "$python" -m venv --clear .venv
fi
echo "setup: installing the locked versions (a few minutes the first time)"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
touch "$stamp"
echo "setup: done; .venv/bin/rewis3d --help lists the commands"
