divert(-1)
dnl FEATURE(`notsticky'): nothing any more: hosts are not sticky unless FEATURE(stickyhost) says so.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`notsticky')
define(`_NOT_STICKY_', `1')
