divert(-1)
dnl OSTYPE(`mpeix'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`mpeix')
_WARNING_(`OSTYPE(mpeix) is a system of the past: nobody has tried its paths for long')
define(`confDEF_USER_ID', `SERVER.SENDMAIL')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/tsmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `m9u')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `tsmail $u')
define(`confDONT_BLAME_SENDMAIL', `ForwardFileInGroupWritableDirPath')
define(`confTRUSTED_USER', `SERVER.SENDMAIL')
