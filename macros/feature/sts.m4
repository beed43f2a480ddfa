divert(-1)
dnl FEATURE(`sts'): experimental elsewhere; here it is known by name only.
dnl
dnl Example: none.
_WARNING_(`FEATURE(sts) does nothing: MTA-STS is not part of this library yet')
