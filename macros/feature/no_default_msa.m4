divert(-1)
dnl FEATURE(`no_default_msa'): no listener for submission on port 587 unless DAEMON_OPTIONS names one.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`no_default_msa')
define(`_NO_MSA_', `1')
