divert(-1)
dnl FEATURE(`preserve_luser_host'): LUSER_RELAY sees the host that the address had.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`preserve_luser_host')
define(`_LUSER_HOST_KEPT_', `1')
