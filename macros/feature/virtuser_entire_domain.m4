divert(-1)
dnl FEATURE(`virtuser_entire_domain'): VIRTUSER_DOMAIN stands for all hosts below it, too.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`virtuser_entire_domain')
define(`_VIRTUSER_ENTIRE_DOMAIN_', `1')
