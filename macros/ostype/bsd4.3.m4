divert(-1)
dnl OSTYPE(`bsd4.3'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`bsd4.3')
_WARNING_(`OSTYPE(bsd4.3) is a system of the past: nobody has tried its paths for long')
_DEFIFNOT(`QUEUE_DIR', `/usr/spool/mqueue')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -z -a$g $h!rmail ($u)')
