divert(-1)
dnl DOMAIN(`generic'): a start for sites that have nothing to say about their domain: .forward files are also sought by host,
dnl the names of this host are read from a file, local mail is not rewritten.
dnl
dnl Example:
dnl   DOMAIN(`generic')
define(`confFORWARD_PATH', `$z/.forward.$w+$h:$z/.forward+$h:$z/.forward.$w:$z/.forward')
define(`confMAX_HEADERS_LENGTH', `32768')
FEATURE(`redirect')
FEATURE(`use_cw_file')
EXPOSED_USER(`root')
