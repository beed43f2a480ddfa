divert(-1)
dnl DOMAIN(`debian-mta'): what configurations of Debian expect of the server; has nothing to add.
dnl
dnl Example:
dnl   DOMAIN(`debian-mta')
