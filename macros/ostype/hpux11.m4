divert(-1)
dnl OSTYPE(`hpux11'): HP-UX 11. Local delivery by rmail.
dnl
dnl Example:
dnl   OSTYPE(`hpux11')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/bin/rmail')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `rmail -d $u')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `m9')
