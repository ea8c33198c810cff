# Makes a virtual environment with the package and its extras, once per state of pyproject.toml.
# Sourced by the other scripts; needs Python 3.11 or newer with venv and pip, and nothing else.
set -eu
ROOT=$(cd "$(dirname "$0")/.." && pwd)
VENV=${TOOLSCRIPT_VENV:-$ROOT/.venv}

find_python() {
  for candidate in "${PYTHON:-}" python3.14 python3.13 python3.12 python3.11 python3 python; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "toolscript needs Python 3.11 or newer; set PYTHON to one" >&2
  exit 2
}

# ensure_venv FOLDER PACKAGE... : a virtual environment with these packages; quick when nothing changed
ensure_venv() {
  folder=$1
  shift
  wanted=$(printf '%s\n' "$ROOT" "$@"; cat "$ROOT/pyproject.toml")
  stamp=$folder/.installed-$(printf '%s' "$wanted" | cksum | cut -d ' ' -f 1)
  [ -f "$stamp" ] && return
  [ -x "$folder/bin/python" ] || "$(find_python)" -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
  (cd "$ROOT" && "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@")
  touch "$stamp"
}
