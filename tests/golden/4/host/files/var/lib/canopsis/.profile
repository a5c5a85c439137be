# The environment of the canopsis account: its programs need a login shell to find it.
export CANOPSIS_ROOT=/opt/canopsis
export CANOPSIS_DATA=/var/lib/canopsis
export PATH=/opt/canopsis/bin:$PATH
