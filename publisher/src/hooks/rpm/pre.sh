# Written by consign; the same lines in every package. They make the accounts that own the files, and
# the folders of every system that no package owns, and wait until the agent has stopped what runs.
# They never refuse: rpm would install the other packages of the product without this one.

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
    [ -d "$1" ] || mkdir -m 755 "$1"
}

@BEFORE@
hook=/usr/lib/consignee/consignee-hook
[ ! -x "$hook" ] || "$hook" pre @PRODUCT@ @PACKAGE@ "$1" || :
[ -x "$hook" ] || [ "$1" -lt 2 ] || [ ! -e /usr/bin/consignee ] ||
    echo "consignee: its hook is missing, so nothing was stopped; repair the package consignee" >&2
exit 0
