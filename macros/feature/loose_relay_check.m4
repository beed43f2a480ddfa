divert(-1)
dnl FEATURE(`loose_relay_check'): routes with percent signs through hosts that we relay for are not taken apart.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`loose_relay_check')
define(`_LOOSE_RELAY_CHECK_', `1')
