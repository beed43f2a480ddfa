divert(-1)
dnl FEATURE(`relay_entire_domain'): mail from and for every host of our domain (class m) is relayed.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`relay_entire_domain')
define(`_RELAY_ENTIRE_DOMAIN_', `1')
