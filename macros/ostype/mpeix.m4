divert(-1)
dnl OSTYPE(`mpeix'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`mpeix')
_WARNING_(`OSTYPE(mpeix) is a system of the past: nobody has tried its paths for long')
_DEFIFNOT(`confDEF_USER_ID', `SERVER.SENDMAIL')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/tsmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `mu9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `tsmail $u')
define(`confDONT_BLAME_SENDMAIL', `ForwardFileInGroupWritableDirPath')
_DEFIFNOT(`confTRUSTED_USER', `SERVER.SENDMAIL')
_DEFIFNOT(`LOCAL_SHELL_PATH', `/bin/sh')
