divert(-1)
dnl FEATURE(`local_no_masquerade'): mail that stays on this host is not masqueraded.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`local_no_masquerade')
define(`_LOCAL_NO_MASQUERADE_', `1')
