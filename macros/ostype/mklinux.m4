divert(-1)
dnl OSTYPE(`mklinux'): MkLinux, as linux.
dnl
dnl Example:
dnl   OSTYPE(`mklinux')
define(`confEBINDIR', `/usr/sbin')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
FEATURE(`local_procmail')
_DEFIFNOT(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
