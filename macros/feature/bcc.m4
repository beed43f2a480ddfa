divert(-1)
dnl FEATURE(`bcc'): experimental elsewhere; here it is known by name only.
dnl
dnl Example: none.
_WARNING_(`FEATURE(bcc) does nothing: hidden copies of mail are not part of this library yet')
