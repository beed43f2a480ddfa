divert(-1)
dnl FEATURE(`generics_entire_domain'): GENERICS_DOMAIN stands for all hosts below it, too.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`generics_entire_domain')
define(`_GENERICS_ENTIRE_DOMAIN_', `1')
