divert(-1)
dnl FEATURE(`blocklist_recipients'): the access table is asked for recipients as well: To:user@domain, To:user@, To:domain with REJECT and other values.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`blocklist_recipients')
define(`_BLOCKLIST_RCPT_', `1')
