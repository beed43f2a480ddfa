divert(-1)
dnl OSTYPE(`osf1'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`osf1')
_WARNING_(`OSTYPE(osf1) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lbin')
define(`confDEF_USER_ID', `daemon')
_DEFIFNOT(`STATUS_FILE', `/usr/adm/sendmail/ifdef(`_MSP_', `sm-client', `sendmail').st')
