divert(-1)
dnl OSTYPE(`aix5'): AIX 5 and later. Local delivery by bellmail.
dnl
dnl Example:
dnl   OSTYPE(`aix5')
define(`confEBINDIR', `/usr/lib')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/bellmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `mn9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -F $g $u')
