divert(-1)
dnl FEATURE(`relay_hosts_only'): names of RELAY_DOMAIN stand for themselves, not for every host below them.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`relay_hosts_only')
define(`_RELAY_HOSTS_ONLY_', `1')
