divert(-1)
dnl DOMAIN(`debian-msp'): what configurations of Debian expect of the submission program; has nothing to add.
dnl
dnl Example:
dnl   DOMAIN(`debian-msp')
