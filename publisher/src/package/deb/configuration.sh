# Configuration files: docs/configuration-files.md of Consign. Written by consign; the same lines in every package.
# dpkg knows nothing of them and so asks nobody: what the site edited or removed stays as it is.
package=@PACKAGE@
root=${DPKG_ROOT:-}
defaults=$root/usr/share/consignee/defaults
record=$root/var/lib/consignee/.defaults/$package

# The digests of defaults that were last offered, by this package or by one that gave the file up.
recorded() {
    for list in "$record" "${record%/*}"/*; do
        [ -f "$list" ] && { [ "$list" = "$record" ] || [ ! -e "$defaults/${list##*/}$1" ]; } || continue
        while IFS= read -r line; do
            [ "${line#*  }" != "$1" ] || printf '%s\n' "${line%%  *}"
        done <"$list"
    done
}

# The same of a version whose files dpkg kept, which counts in MD5.
adopted() {
    [ -f "$record.adopted" ] || return 0
    while read -r path md5 _; do
        [ "$path" != "$1" ] || printf '%s\n' "$md5"
    done <"$record.adopted"
}

# Whether a file has the content of the last default.
is_last_default() {
    [ -n "$(recorded "$2")$(adopted "$2")" ] && [ -f "$1" ] && [ ! -L "$1" ] || return 1
    recorded "$2" | grep -qxF "$(sha256sum <"$1" | cut -c1-64)" || [ "$(md5sum <"$1" | cut -c1-32)" = "$(adopted "$2")" ]
}

# The default of this version, whole or not at all. Where a file is there, owner and mode are the site's.
place() {
    mkdir -p "${2%/*}"
    cp -p --remove-destination "$1" "$2.dpkg-new"
    if [ -f "$3" ]; then
        chown --reference="$3" "$2.dpkg-new"
        chmod --reference="$3" "$2.dpkg-new"
    fi
    sync "$2.dpkg-new"
    mv -fT "$2.dpkg-new" "$2"
}

offer() {
    default=$defaults/$package$1 file=$root$1
    if [ ! -e "$file" ] && [ ! -L "$file" ]; then
        # Where there was a default before, the site has removed it.
        if [ -z "$(recorded "$1")$(adopted "$1")" ]; then place "$default" "$file" "$file"; fi
    elif [ -f "$file" ] && cmp -s "$default" "$file"; then
        rm -f "$file.dpkg-dist"
    elif is_last_default "$file" "$1"; then
        place "$default" "$file" "$file"
        rm -f "$file.dpkg-dist"
    elif ! is_last_default "$default" "$1"; then
        place "$default" "$file.dpkg-dist" "$file"
        echo "$package: $1 is the site's and stays; the new default is beside it: $1.dpkg-dist"
    fi
}

# Whether some package installs the path now, as a default or as any other file.
is_elsewhere() {
    for other in "$defaults"/*"$1"; do
        [ ! -e "$other" ] || return 0
    done
    dpkg-query --control-show "$package" md5sums 2>/dev/null | cut -c35- | grep -qxF -e "${1#/}" && return 0
    owner=$(dpkg-query --search "$1" 2>/dev/null | grep -v '^diversion by ' | cut -d: -f1)
    [ -n "$owner" ] && [ "$owner" != "$package" ]
}

drop() {
    file=$root$1
    if is_elsewhere "$1"; then
        # Whoever has it now must be able to tell what the site made of it.
        recorded "$1" | sort -u | while read -r digest; do printf '%s  %s\n' "$digest" "$1" >>"$record.new"; done
        return 0
    fi
    rm -f "$file.dpkg-dist"
    if is_last_default "$file" "$1"; then
        rm -f "$file"
    elif [ -e "$file" ] || [ -L "$file" ]; then
        mv -fT "$file" "$file.dpkg-bak"
        echo "$package: $1 belongs to no version any more; what the site made of it is kept: $1.dpkg-bak"
    fi
}

# The paths of which a default was offered before.
known() {
    [ ! -f "$record" ] || cut -c67- "$record"
    [ ! -f "$record.adopted" ] || while read -r path _; do printf '%s\n' "$path"; done <"$record.adopted"
}

adopt() {
    [ ! -f "$record" ] && [ ! -f "$record.adopted" ] || return 0
    conffiles=$(dpkg-query --show --showformat '${Conffiles}' "$package" 2>/dev/null) || return 0
    [ -n "$conffiles" ] || return 0
    mkdir -p "${record%/*}"
    printf '%s\n' "$conffiles" | sed -n 's|^ *\(/.*\)$|\1|p' >"$record.new"
    mv -fT "$record.new" "$record.adopted"
}

settle() {
    mkdir -p "${record%/*}"
    : >"$record.new"
    if [ -d "$defaults/$package" ]; then
        find "$defaults/$package" -type f | LC_ALL=C sort | while IFS= read -r default; do
            path=${default#"$defaults/$package"}
            offer "$path"
            printf '%s  %s\n' "$(sha256sum <"$defaults/$package$path" | cut -c1-64)" "$path" >>"$record.new"
        done
    fi
    known | sort -u | while IFS= read -r path; do
        [ -e "$defaults/$package$path" ] || drop "$path"
    done
    if [ -s "$record.new" ]; then
        sync "$record.new"
        mv -fT "$record.new" "$record"
    else
        rm -f "$record.new" "$record"
    fi
    rm -f "$record.adopted"
}

forget() {
    known | while IFS= read -r path; do
        is_elsewhere "$path" || rm -f "$root$path" "$root$path.dpkg-dist" "$root$path.dpkg-bak" "$root$path.dpkg-new"
    done
    rm -f "$record" "$record.adopted" "$record.new"
    rmdir "${record%/*}" 2>/dev/null || :
}

case "@SCRIPT@ $1" in
'preinst install' | 'preinst upgrade') adopt ;;
'postinst configure') settle ;;
'postrm abort-install' | 'postrm abort-upgrade') rm -f "$record.adopted" ;;
'postrm purge') forget ;;
esac
# The rest is of this package alone.
