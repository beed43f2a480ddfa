divert(-1)
dnl OSTYPE(`unicos'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`unicos')
_WARNING_(`OSTYPE(unicos) is a system of the past: nobody has tried its paths for long')
define(`ALIAS_FILE', `/usr/lib/aliases')
define(`HELP_FILE', `/usr/lib/sendmail.hf')
define(`confPID_FILE', `/etc/sendmail.pid')
define(`QUEUE_DIR', `/usr/spool/mqueue')
define(`STATUS_FILE', `/usr/lib/ifdef(`_MSP_', `sm-client', `sendmail').st')
define(`LOCAL_SHELL_FLAGS', `pxehu')
MODIFY_MAILER_FLAGS(`LOCAL', `+aPSXmnpux')
MODIFY_MAILER_FLAGS(`SMTP', `+anpeLC')
