divert(-1)
dnl FEATURE(`use_ct_file'): trusted users are read from a file (confCT_FILE, default /etc/mail/trusted-users).
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`use_ct_file')
define(`_USE_CT_FILE_', `1')
