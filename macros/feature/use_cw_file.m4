divert(-1)
dnl FEATURE(`use_cw_file'): names of this host are read from a file, one for each line (confCW_FILE, default /etc/mail/local-host-names).
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`use_cw_file')
define(`_USE_CW_FILE_', `1')
