divert(-1)
dnl OSTYPE(`irix6'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`irix6')
_WARNING_(`OSTYPE(irix6) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
define(`confDEF_USER_ID', `998:998')
_DEFIFNOT(`STATUS_FILE', `/var/ifdef(`_MSP_', `sm-client', `sendmail').st')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `Ehmu9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -s -d $u')
define(`LOCAL_MAILER_CHARSET', `iso-8859-1')
_DEFIFNOT(`QUEUE_DIR', `/var/spool/mqueue')
