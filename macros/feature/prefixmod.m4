divert(-1)
dnl FEATURE(`prefixmod'): experimental elsewhere; here it is known by name only.
dnl
dnl Example: none.
_WARNING_(`FEATURE(prefixmod) does nothing: changing mailer flags for single addresses is not part of this library')
