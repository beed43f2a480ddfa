divert(-1)
dnl OSTYPE(`sinix'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`sinix')
_WARNING_(`OSTYPE(sinix) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/ucblib')
_DEFIFNOT(`STATUS_FILE', `/var/ifdef(`_MSP_', `sm-client', `sendmail').st')
define(`LOCAL_MAILER_PATH', `/bin/mail.local')
_DEFIFNOT(`QUEUE_DIR', `/var/spool/mqueue')
