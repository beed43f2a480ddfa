divert(-1)
dnl FEATURE(`tls_failures'): deprecated; mail to a server whose STARTTLS fails is deferred unless confTLS_FALLBACK_TO_CLEAR says
dnl otherwise.
dnl
dnl Example: define(`confTLS_FALLBACK_TO_CLEAR', `True') instead.
_WARNING_(`FEATURE(tls_failures) is deprecated: use confTLS_FALLBACK_TO_CLEAR')
define(`confTLS_FALLBACK_TO_CLEAR', `true')
