divert(-1)
dnl FEATURE(`limited_masquerade'): only MASQUERADE_DOMAIN names are masqueraded, not every name of this host.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`limited_masquerade')
define(`_LIMITED_MASQUERADE_', `1')
