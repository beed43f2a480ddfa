divert(-1)
dnl OSTYPE(`maxion'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`maxion')
_WARNING_(`OSTYPE(maxion) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/ucblib')
define(`STATUS_FILE', `/var/adm/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
define(`LOCAL_SHELL_FLAGS', `ehuP')
define(`UUCP_MAILER_ARGS', `uux - -r -a$g -gmedium $h!rmail ($u)')
define(`LOCAL_MAILER_PATH', `/usr/bin/mail')
define(`LOCAL_MAILER_ARGS', `mail $u')
define(`QUEUE_DIR', `/var/spool/mqueue')
