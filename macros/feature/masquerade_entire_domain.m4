divert(-1)
dnl FEATURE(`masquerade_entire_domain'): MASQUERADE_DOMAIN stands for all hosts below it, too.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`masquerade_entire_domain')
define(`_MASQ_ENTIRE_DOMAIN_', `1')
