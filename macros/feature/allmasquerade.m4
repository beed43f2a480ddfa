divert(-1)
dnl FEATURE(`allmasquerade'): masquerading applies to recipients in header lines, too.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`allmasquerade')
define(`_ALL_MASQUERADE_', `1')
