divert(-1)
dnl OSTYPE(`mklinux'): MkLinux, as linux.
dnl
dnl Example:
dnl   OSTYPE(`mklinux')
define(`confEBINDIR', `/usr/sbin')
_DEFIFNOT(`FAX_MAILER_PATH', `/usr/bin/faxmail')
_DEFIFNOT(`CYRUS_MAILER_PATH', `/usr/sbin/cyrdeliver')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_procmail')')
define(`STATUS_FILE', `/var/log/ifdef(`_MSP_', `sm-client', `sendmail').st')
