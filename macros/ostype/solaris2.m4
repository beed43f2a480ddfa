divert(-1)
dnl OSTYPE(`solaris2'): Solaris 2. Local delivery by mail.local.
dnl
dnl Example:
dnl   OSTYPE(`solaris2')
define(`confEBINDIR', `/usr/lib')
_DEFIFNOT(`UUCP_MAILER_ARGS', `uux - -r -a$g $h!rmail ($u)')
_DEFIFNOT(`LOCAL_MAILER_PATH', `/usr/lib/mail.local')
_DEFIFNOT(`LOCAL_MAILER_FLAGS', `fSmn9')
_DEFIFNOT(`LOCAL_MAILER_ARGS', `mail.local -d $u')
