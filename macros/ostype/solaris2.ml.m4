divert(-1)
dnl OSTYPE(`solaris2.ml'): a system of the past; its paths are known, but nobody has tried them for long.
dnl
dnl Example:
dnl   OSTYPE(`solaris2.ml')
_WARNING_(`OSTYPE(solaris2.ml) is a system of the past: nobody has tried its paths for long')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g $h!rmail ($u)')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/lib/mail.local')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `fSmn9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail.local -d $u')
