divert(-1)
dnl FEATURE(`accept_unqualified_senders'): senders without a domain are accepted from other hosts.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`accept_unqualified_senders')
define(`_ACCEPT_UNQUALIFIED_', `1')
