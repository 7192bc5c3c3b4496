#!/usr/bin/env bash
# Installs what the tests need beyond npm, where it is missing and may be installed; else the tests say what is missing.
set -euo pipefail

missing=()
command -v rg > /dev/null || missing+=(ripgrep)
command -v chromium > /dev/null || missing+=(chromium)
command -v tmux > /dev/null || missing+=(tmux)
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
  echo "missing: ${missing[*]}; install them, or some tests are skipped" >&2
  exit 0
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" > /dev/null
