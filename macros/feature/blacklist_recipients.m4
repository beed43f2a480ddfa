divert(-1)
dnl FEATURE(`blacklist_recipients'): the old name of blocklist_recipients.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`blacklist_recipients')
_WARNING_(`FEATURE(blacklist_recipients) is now called blocklist_recipients')define(`_BLOCKLIST_RCPT_', `1')
