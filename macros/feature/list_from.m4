divert(-1)
dnl FEATURE(`list_from', `policy'): what a list sends on has the list as its author, where the author's own domain wants mail
dnl refused that does not come from there (DMARC, p=reject).
dnl
dnl Argument: from which policy on: `reject' (default) or `quarantine'. A list is an alias with an owner (owner-tea). From: gets
dnl the author's name and the address of the list, Reply-To: the author unless there is one. Authors of our own domains stay.
dnl
dnl Example:
dnl   FEATURE(`list_from')
ifelse(defn(`_ARG_'), `', `define(`confLIST_FROM', `reject')',
defn(`_ARG_'), `reject', `define(`confLIST_FROM', `reject')',
defn(`_ARG_'), `quarantine', `define(`confLIST_FROM', `quarantine')',
`_ERROR_(`FEATURE(list_from): "'defn(`_ARG_')`" is neither reject nor quarantine')')
