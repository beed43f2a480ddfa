divert(-1)
dnl FEATURE(`check_cert_altnames'): experimental elsewhere; here it is known by name only.
dnl
dnl Example: none.
_WARNING_(`FEATURE(check_cert_altnames) does nothing: alternative names of certificates are not part of this library yet')
