divert(-1)
dnl FEATURE(`redirect'): mail for user@host.REDIRECT is refused with 551 and the address user@host; aliases may contain such addresses.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`redirect')
define(`_REDIRECT_', `1')
