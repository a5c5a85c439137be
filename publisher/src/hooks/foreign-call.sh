# The package's own script is no shell script. Beside ours while dpkg unpacks, else in its info folder.
export DEBCONF_PACKAGE="${DPKG_MAINTSCRIPT_PACKAGE:-}"
case "$0" in
*.@SCRIPT@) exec "${0%.@SCRIPT@}.consign-foreign-@SCRIPT@" "$@" ;;
*) exec "${0%/*}/consign-foreign-@SCRIPT@" "$@" ;;
esac
