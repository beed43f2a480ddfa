divert(-1)
dnl OSTYPE(`isc4.1'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`isc4.1')
_WARNING_(`OSTYPE(isc4.1) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
define(`confTIME_ZONE', `USE_TZ')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -gC $h!rmail ($u)')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/bin/lmail')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `humS9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `lmail -s $u')
_DEFIFNOT(`UUCP_MAILER_PATH', `/usr/bin/uux')
