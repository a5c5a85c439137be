#!/bin/sh
# Keeps dpkg from asking about conffiles: docs/wrap.md of Consign. Written by consign; the same lines in every package.
# What dpkg would ask about is set aside before it looks, with the new default in its place, and put back after.
set -eu
umask 077
package=@PACKAGE@
version=@VERSION@
beside=${0%consign-set-aside}
root=${DPKG_ROOT:-}
record=$root/var/lib/consignee/.conffiles/$package

say() { printf '%s: %s\n' "$package" "$*"; }

# Where dpkg looks for a path: a site may have diverted it.
at() {
    name=$(dpkg-divert --truename "$1")
    [ "$name" = "$1" ] || [ "$(dpkg-divert --listpackage "$1")" != "$package" ] || name=$1
    printf '%s%s\n' "$root" "$name"
}

is_there() { [ -e "$1" ] || [ -L "$1" ]; }

has_md5() { [ -f "$1" ] && [ "$(md5sum <"$1" | cut -c1-32)" = "$2" ]; }

# The default that dpkg has last offered of a path; "newconffile" counts as none.
last_offered() {
    for owner in "$package" $(dpkg-query --search "$1" 2>/dev/null | grep -v '^diversion by ' | sed 's/: .*//; s/,//g'); do
        found=$(dpkg-query --show --showformat '${Conffiles}\n' "$owner" 2>/dev/null | while read -r path md5 _; do
            [ "$path" != "$1" ] || printf '%s\n' "$md5" | grep -xE '[0-9a-f]{32}' || :
        done)
        [ -z "$found" ] || break
    done
    printf '%s\n' "${found%%
*}"
}

# Whether the version before installed it as a plain file, and it still is what it was.
was_plain() {
    sum=$(dpkg-query --control-show "$package" md5sums 2>/dev/null | grep -xE "[0-9a-f]{32}  .*" | while read -r md5 path; do
        [ "/$path" != "$1" ] || printf '%s\n' "$md5"
    done)
    [ -n "$sum" ] && has_md5 "$2" "$sum"
}

# What dpkg would ask, by its own rule: deferred_configure_conffile() of dpkg's configure.c.
foresee() {
    file=$(at "$2")
    { [ -f "$file" ] || [ ! -e "$file" ]; } && ! has_md5 "$file" "$1" || return 0
    last=$(last_offered "$2")
    if [ -n "$last" ]; then
        [ "$1" != "$last" ] && ! has_md5 "$file" "$last" || return 0
    else
        [ -e "$file" ] || return 0
    fi
    kind=kept
    is_there "$file" || kind=removed
    [ -n "$last" ] || ! was_plain "$2" "$file" || kind=replaced
    printf '%s %s %s\n' "$kind" "$1" "$2"
}

# The folders of a path that are missing, as the package has them: dpkg leaves alone what is there.
folders() {
    [ -n "$1" ] && [ ! -d "$root$1" ] || return 0
    folders "${1%/*}"
    tar -xzpf "${beside}consign-defaults" -C "$root/" --no-recursion "${1#/}" 2>/dev/null || mkdir -m 755 "$root$1"
}

put_default() {
    file=$(at "$3") aside=$(at "$3").dpkg-consign
    folders "${3%/*}"
    tar -xzOf "${beside}consign-defaults" "${3#/}" >"$file.dpkg-consign-new"
    if [ "$1" != removed ]; then
        ! is_there "$aside" || mv -fT "$aside" "$file.dpkg-old"
        [ -L "$file" ] || chown --reference="$file" "$file.dpkg-consign-new"
        [ -L "$file" ] || chmod --reference="$file" "$file.dpkg-consign-new"
        ln -PT "$file" "$aside" 2>/dev/null || mv -fT "$file" "$aside"
    fi
    sync "$file.dpkg-consign-new"
    mv -fT "$file.dpkg-consign-new" "$file"
    sync "${file%/*}"
}

set_aside() {
    each settle_one
    mkdir -p "${record%/*}"
    echo "for $version" >"$record.new"
    while read -r md5 path; do foresee "$md5" "$path"; done <"${beside}consign-conffiles" >>"$record.new"
    if [ "$(wc -l <"$record.new")" -eq 1 ]; then forget; return 0; fi
    sync "$record.new"
    mv -fT "$record.new" "$record"
    sync "${record%/*}"
    sed 1d "$record" | while read -r kind md5 path; do put_default "$kind" "$md5" "$path"; done
}

# The site's file over the default that stood for it. Written since it was set aside: both are the site's.
site_again() {
    if [ "$1" -ef "$2" ]; then
        rm -f "$2"
    elif is_there "$1" && ! has_md5 "$1" "$3"; then
        mv -fT "$2" "$1.dpkg-old"
        say "${1#"$root"} was changed during the upgrade and stays; what it was before is beside it: ${1#"$root"}.dpkg-old"
    else
        mv -fT "$2" "$1"
    fi
}

# As it was before, in an upgrade that is given up.
put_back_one() {
    file=$(at "$3")
    rm -f "$file.dpkg-consign-new"
    if [ "$1" = removed ]; then
        ! has_md5 "$file" "$2" || rm -f "$file"
    elif is_there "$file.dpkg-consign"; then
        site_again "$file" "$file.dpkg-consign" "$2"
    fi
}

# Beside the site's file, with its owner and mode.
put_dist() {
    cp -p "$1" "$1.dpkg-consign-new"
    sync "$1.dpkg-consign-new"
    mv -fT "$1.dpkg-consign-new" "$1.dpkg-dist"
}

# After dpkg has looked.
finish_one() {
    file=$(at "$3")
    [ "$1" != replaced ] || rm -f "$file.dpkg-consign"
    if [ "$1" = kept ] && is_there "$file.dpkg-consign" && has_md5 "$file" "$2"; then
        put_dist "$file"
        say "${file#"$root"} is the site's and stays; the new default is beside it: ${file#"$root"}.dpkg-dist"
    fi
    put_back_one "$1" "$2" "$3"
}

# Of a run that was cut off: whether dpkg had looked shows in what it has offered.
settle_one() {
    if [ "$(last_offered "$3")" = "$2" ]; then finish_one "$@"; else put_back_one "$@"; fi
}

forget() {
    rm -f "$record" "$record.new"
    rmdir "${record%/*}" 2>/dev/null || :
}

each() {
    [ -f "$record" ] || return 0
    sed 1d "$record" | while read -r kind md5 path; do
        "$1" "$kind" "$md5" "$path"
        sync "$(dirname "$(at "$path")")" 2>/dev/null || :
    done
    forget
}

put_back() { each put_back_one; }

# Merged by the site: a default that is in use need not lie beside itself.
tidy() {
    while read -r md5 path; do
        [ ! -f "$root$path.dpkg-dist" ] || ! has_md5 "$root$path" "$md5" || rm -f "$root$path.dpkg-dist"
    done <"${beside}consign-conffiles"
}

case "$1 $2" in
'preinst install' | 'preinst upgrade') set_aside ;;
'postinst configure')
    each finish_one
    tidy
    ;;
'postinst abort-'* | 'postrm abort-'* | 'postrm remove' | 'postrm disappear') put_back ;;
# The next version sets aside for itself; one without these lines finds the files of the site.
'postrm upgrade') [ ! -f "$record" ] || [ "$(head -n 1 "$record")" = "for $3" ] || put_back ;;
esac
