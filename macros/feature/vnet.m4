divert(-1)
dnl FEATURE(`vnet'): not part of this library; existing files that name it compile without it.
dnl
dnl Example: none.
_WARNING_(`FEATURE(vnet) is not part of this library and does nothing')
