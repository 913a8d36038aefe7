#!/usr/bin/env bash
# Create the virtual environment step by step. Idempotent: a finished step leaves a
# stamp in the environment, named after a hash of what it installed, so that a second
# run does nothing and an interrupted one goes on where it stopped.
#
# VENV (.venv), PYTHON (python3) and TORCH_SPEC (torch==2.13.0) may be set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV=${VENV:-.venv}
PYTHON=${PYTHON:-python3}
run="$VENV/bin/python"
pip=("$run" -m pip --disable-pip-version-check install)
constraints=(-c requirements/constraints.txt)
torch_choice="$VENV/.torch-spec"

say() { printf '[setup %s] %s\n' "$(date +%H:%M:%S)" "$*"; }

# step NAME SPEC 'what it does and how long' COMMAND...
# (bash ignores `set -e` in the COMMAND of `COMMAND ||`: functions chain with && and ||.)
step() {
  local name=$1 spec=$2 what=$3
  shift 3
  local stamp
  stamp="$VENV/.done-$name-$(printf '%s' "$spec" | cksum | cut -d' ' -f1)"
  [ -e "$stamp" ] && return
  say "$name: $what"
  [ "$name" = venv ] || forget_half_installed
  local began=$SECONDS
  "$@" || { say "$name failed; run the same command again to go on here"; exit 1; }
  rm -f "$VENV/.done-$name-"*
  touch "$stamp"
  say "$name: done in $((SECONDS - began)) s"
}

# Run a command that may be silent for long, with a line a minute.
patiently() {
  local began=$SECONDS status=0
  (while sleep 60 >/dev/null 2>&1; do
    say "still at it after $(((SECONDS - began) / 60)) min"
  done) &
  ticker=$!
  "$@" || status=$?
  kill "$ticker" 2>/dev/null || true
  return "$status"
}
trap 'kill "${ticker:-}" 2>/dev/null || true' EXIT

# A real environment with pip. A `python` that is a mere link to the system's is none:
# pip would install into the system.
healthy() {
  "$run" -c 'import os, sys
sys.exit(sys.prefix == sys.base_prefix or not os.path.samefile(sys.prefix, sys.argv[1]))
' "$VENV" 2>/dev/null && "$run" -m pip --version >/dev/null 2>&1
}

# pip writes INSTALLER and RECORD last; without them it would keep half a package.
forget_half_installed() {
  local info
  rm -rf "$VENV"/lib/python3*/site-packages/~* # what an uninstall was moving away
  for info in "$VENV"/lib/python3*/site-packages/*.dist-info; do
    [ -d "$info" ] || continue
    [ -s "$info/RECORD" ] && [ -e "$info/INSTALLER" ] && continue
    say "${info##*/} was left half installed; it is installed again"
    rm -r "$info"
  done
}

make_venv() {
  "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    { say "$PYTHON is $("$PYTHON" -V); 3.10 or newer is needed"; return 1; }
  healthy || { "$PYTHON" -m venv --clear "$VENV" && healthy; }
}

install_torch() {
  # TORCH_SPEC may carry options such as --index-url, hence no quotes.
  # shellcheck disable=SC2086
  patiently "${pip[@]}" "${constraints[@]}" $spec_of_torch &&
    printf '%s' "$spec_of_torch" >"$torch_choice"
}

mmcv_works() { "$run" -c 'import mmcv.ops' >/dev/null 2>&1; }

install_mmcv() {
  patiently "${pip[@]}" "${constraints[@]}" --no-build-isolation onedl-mmcv ||
    return
  mmcv_works && return
  say 'mmcv: this wheel does not fit the torch that is installed; compiling it'
  patiently "${pip[@]}" "${constraints[@]}" --no-build-isolation --no-deps \
    --force-reinstall --no-cache-dir --no-binary onedl-mmcv onedl-mmcv &&
    mmcv_works
}

install_packages() {
  patiently "${pip[@]}" "${constraints[@]}" --no-build-isolation \
    -r requirements/mminstall.txt -r requirements/runtime.txt \
    -r requirements/evidence.txt -r requirements/tests.txt -r requirements/web.txt \
    -r requirements/docs.txt
}

healthy || { rm -f "$VENV"/.done-* 2>/dev/null || true; }
spec_of_torch=${TORCH_SPEC:-$(cat "$torch_choice" 2>/dev/null || echo torch==2.13.0)}
lists=$(cat requirements/{constraints,mminstall,runtime,evidence,tests,web,docs}.txt)

step venv "$PYTHON" "creating $VENV (10 s)" make_venv
step torch "$spec_of_torch" "installing $spec_of_torch (1 to 5 min)" install_torch
step tools 1 'installing what builds mmcv (20 s)' \
  "${pip[@]}" "${constraints[@]}" 'setuptools>=80' wheel ninja psutil numpy
step mmcv "$spec_of_torch $(cat requirements/constraints.txt)" \
  'installing mmcv (seconds from a wheel, 25 min on two cores if it must compile)' \
  install_mmcv
step packages "$lists" 'installing mmengine, mmdet, mmseg and the rest (1 to 4 min)' \
  install_packages
step references "$(cat requirements/nodeps.txt)" 'installing the official metrics (5 s)' \
  "${pip[@]}" --no-deps -r requirements/nodeps.txt
step mmpisr "$(cat setup.py setup.cfg)$lists" 'installing this checkout (10 s)' \
  "${pip[@]}" --no-build-isolation --no-deps -e .
step check "$spec_of_torch$lists" 'checking the environment (10 s)' \
  "$run" -m mmpisr.check_env
