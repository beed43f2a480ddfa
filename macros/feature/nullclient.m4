divert(-1)
dnl FEATURE(`nullclient', `hub'): a host that only sends: all mail goes to the hub, nothing is delivered here.
dnl
dnl Argument: the mail hub. Senders get the name of the hub (or of MASQUERADE_AS in front of this line); aliases and .forward files are not read.
dnl It brings its mailers along: no MAILER() lines are needed.
dnl
dnl Example:
dnl   OSTYPE(`linux')
dnl   FEATURE(`nullclient', `mailhub.example.com')
ifelse(defn(`_ARG_'), `', `_ERROR_(`FEATURE(nullclient) needs the name of the mail hub')')
define(`_NULL_CLIENT_', `1')
_DEFIFNOT(`confFROM_HEADER', `<$g>')
define(`SMART_HOST', defn(`_ARG_'))
define(`MAIL_HUB', defn(`_ARG_'))
undefine(`ALIAS_FILE')
define(`confFORWARD_PATH', `')
define(`MASQUERADE_NAME', defn(`_ARG_'))
define(`_ALL_MASQUERADE_', `1')
define(`_MASQUERADE_ENVELOPE_', `1')
MAILER(`local')
MAILER(`smtp')
undefine(`_MAILERS_SEEN_')
