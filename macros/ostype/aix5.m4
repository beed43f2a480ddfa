divert(-1)
dnl OSTYPE(`aix5'): AIX 5 and later. Local delivery by bellmail.
dnl
dnl Example:
dnl   OSTYPE(`aix5')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/bellmail')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -F $g $u')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `mn9')
