divert(-1)
dnl FEATURE(`masquerade_envelope'): masquerading and the table of generic names apply to envelope senders, too.
dnl
dnl Arguments: none.
dnl
dnl Example:
dnl   FEATURE(`masquerade_envelope')
define(`_MASQUERADE_ENVELOPE_', `1')
