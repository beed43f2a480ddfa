divert(-1)
dnl OSTYPE(`debian'): Debian and distributions made from it. As linux, with the folders of their packages.
dnl
dnl Example:
dnl   OSTYPE(`debian')
define(`confEBINDIR', `/usr/lib/sm.bin')
define(`ALIAS_FILE', MAIL_SETTINGS_DIR`aliases')
define(`QUEUE_DIR', `/var/spool/mqueue')
define(`MSP_QUEUE_DIR', `/var/spool/mqueue-client')
define(`STATUS_FILE', `/var/lib/sendmail/sendmail.st')
define(`HELP_FILE', MAIL_SETTINGS_DIR`helpfile')
define(`confPID_FILE', `/run/sendmail/mta/sendmail.pid')
_DEFIFNOT(`PROCMAIL_MAILER_PATH', `/usr/bin/procmail')
ifdef(`LOCAL_MAILER_PATH', `', `FEATURE(`local_procmail')')
