#!/bin/sh
# Written by consign; the same lines in every package. They make the accounts that own the files, and
# the folders of every system that no package owns, and report to the agent. The agent's verdict is passed on: nothing has been unpacked yet.
set -e

account() {
    getent group "$1" >/dev/null || groupadd --system "$1"
    getent passwd "$1" >/dev/null ||
        useradd --system --gid "$1" --home-dir "$2" --no-create-home --shell "$3" "$1"
}

member() {
    getent group "$2" >/dev/null || groupadd --system "$2"
    usermod --append --groups "$2" "$1"
}

folder() {
    [ -d "${DPKG_ROOT:-}$1" ] || mkdir -m 755 "${DPKG_ROOT:-}$1"
}

case "$1" in
install | upgrade)
@BEFORE@    ;;
esac

hook=${DPKG_ROOT:-}/usr/lib/consignee/consignee-hook
[ ! -x "$hook" ] || exec "$hook" @SCRIPT@ @PRODUCT@ @PACKAGE@ "${0%/*}/consign-plan" "$@"

# The agent without its hook: nobody would stop the engines of what is there before it is replaced.
if [ "$1" = upgrade ] && [ -e "${DPKG_ROOT:-}/usr/bin/consignee" ]; then
    echo "consignee: its hook is missing; repair it with: apt-get install --reinstall consignee" >&2
    exit 1
fi
exit 0
