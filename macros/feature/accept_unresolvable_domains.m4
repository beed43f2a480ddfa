divert(-1)
dnl FEATURE(`accept_unresolvable_domains'): senders are accepted though DNS knows nothing of their domain.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`accept_unresolvable_domains')
define(`_ACCEPT_UNRESOLVABLE_', `1')
