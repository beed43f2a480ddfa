divert(-1)
dnl FEATURE(`preserve_local_plus_detail'): user+detail reaches the local mailer as it is.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`preserve_local_plus_detail')
define(`_PLUS_DETAIL_KEPT_', `1')
