divert(-1)
dnl FEATURE(`lookupdotdomain'): keys of the access table that begin with a dot match hosts below that domain.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`lookupdotdomain')
define(`_LOOKUP_DOT_DOMAIN_', `1')
