divert(-1)
dnl HACK(`cssubdomain'): an example that nobody needs any more; does nothing.
dnl
dnl Example: none.
_WARNING_(`HACK(cssubdomain) does nothing')
