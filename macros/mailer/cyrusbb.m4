divert(-1)
dnl MAILER(`cyrusbb'): bulletin boards of Cyrus; the mailer comes with MAILER(`cyrus').
dnl
dnl Example:
dnl   MAILER(`cyrusbb')
MAILER(`cyrus')
