divert(-1)
dnl OSTYPE(`unicosmp'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`unicosmp')
_WARNING_(`OSTYPE(unicosmp) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
define(`confTIME_ZONE', `USE_TZ')
define(`LOCAL_MAILER_PATH', `/usr/bin/mail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `Ehm9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail -s -d $u')
_DEFIFNOT(`QUEUE_DIR', `/var/spool/mqueue')
