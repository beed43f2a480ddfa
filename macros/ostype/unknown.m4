divert(-1)
dnl OSTYPE(`unknown'): a system that is not listed: say it with LOCAL_MAILER_PATH and the like.
dnl
dnl Example:
dnl   OSTYPE(`unknown')
_WARNING_(`OSTYPE(unknown): set LOCAL_MAILER_PATH, LOCAL_MAILER_ARGS and the folders yourself')
