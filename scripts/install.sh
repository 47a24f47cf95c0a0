#!/bin/bash
# Installs the npm dependencies as package-lock.json states them and sees to it that `cap` gets built where it can be.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "installing npm dependencies"
# Not `npm ci`: it refuses a lock file when a registry lacks another platform's optional package.
# With --no-save the versions are the lock file's, and neither it nor package.json changes.
npm install --no-save --no-audit --no-fund --loglevel error </dev/null

# An npm that asks for approval of install scripts leaves `cap` unbuilt without an error.
if [[ -d node_modules/cap && ! -e node_modules/cap/build/Release/cap.node ]]; then
  npm rebuild cap --foreground-scripts >build-cap.log 2>&1 </dev/null && rm -f build-cap.log ||
    echo "the optional libpcap engine (cap) did not build, see build-cap.log; the ring engine does not need it"
fi
