#!/usr/bin/env bash
# Makes sure that what the tests start is on this machine: PostgreSQL, Redis, Chromium. Installs what is missing when
# it may; otherwise says which package to install. The tests start their own servers on free ports.
set -euo pipefail

find_postgres() {
  command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1
}
find_chromium() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ||
    [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ]
}

missing=()
find_postgres || missing+=(postgresql)
command -v redis-server >/dev/null || missing+=(redis-server)
find_chromium || missing+=(chromium)
[ ${#missing[@]} -eq 0 ] && exit 0

if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  echo "Installing ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq "${missing[@]}" >/dev/null
elif command -v brew >/dev/null; then
  for name in "${missing[@]}"; do
    case $name in
      postgresql) brew install postgresql@17 ;;
      redis-server) brew install redis ;;
      chromium) brew install --cask chromium ;;
    esac
  done
else
  echo "The tests need: ${missing[*]}. Install these packages, then run again." >&2
  exit 1
fi
