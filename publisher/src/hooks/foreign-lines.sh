# These lines were added by consign: the agent is told, once. The rest of the script is as it was built.
if [ "${CONSIGN_TOLD:-}" != "@PACKAGE@.@SCRIPT@" ]; then
    CONSIGN_TOLD=@PACKAGE@.@SCRIPT@
    export CONSIGN_TOLD
@BEFORE@    [ ! -x "${DPKG_ROOT:-}/usr/lib/consignee/consignee-hook" ] ||
        "${DPKG_ROOT:-}/usr/lib/consignee/consignee-hook" @SCRIPT@ @PRODUCT@ @PACKAGE@@PLAN@ "$@" || @OTHERWISE@
@MISSING@@AFTER@fi
# End of the lines that consign added.
