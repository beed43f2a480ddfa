divert(-1)
dnl OSTYPE(`solaris11'): Solaris 11 and later. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`solaris11')
define(`confEBINDIR', `/usr/lib')
define(`_USUAL_DAEMONS_', `O DaemonPortOptions=Name=MTA-v4, Family=inet
O DaemonPortOptions=Name=MTA-v6, Family=inet6
')
define(`confPID_FILE', `/system/volatile/sendmail.pid')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g $h!rmail ($u)')
FEATURE(`local_lmtp')
