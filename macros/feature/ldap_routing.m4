divert(-1)
dnl FEATURE(`ldap_routing', `host map', `address map', `passthru|bounce|sendertoo', `strip|preserve', `nodomain', `tempfail|queue'):
dnl where mail of some domains goes is looked up in a directory: a host for the user, or another address, or both.
dnl
dnl Arguments: map of hosts and map of addresses, default LDAP searches for inetLocalMailRecipient; what happens to users that
dnl neither knows (passthru: as usual, bounce: refused, sendertoo: refused also as senders); what happens to a +detail that is
dnl not found (strip or preserve: sought without, preserve keeps it in the new address); nodomain: @domain is not sought;
dnl tempfail (clients are told to come back) or queue (mail waits) when the directory does not answer. The domains are those of LDAPROUTE_DOMAIN().
dnl
dnl Example:
dnl   LDAPROUTE_DOMAIN(`example.com')
dnl   FEATURE(`ldap_routing', `ldap -1 -T<TMPF> -v mailHost -k (mailLocalAddress=%0)', `null', `bounce')
define(`_LDAP_ROUTING_', `1')
ifelse(defn(`_ARG3_'), `bounce', `define(`_LDAP_BOUNCE_', `1')', defn(`_ARG3_'), `sendertoo', `define(`_LDAP_BOUNCE_', `1')define(`_LDAP_SENDER_TOO_', `1')')
define(`_LDAP_DETAIL_', defn(`_ARG4_'))
ifelse(defn(`_ARG5_'), `nodomain', `', `define(`_LDAP_DOMAIN_', `1')')
ifelse(defn(`_ARG6_'), `tempfail', `define(`_LDAP_TEMPFAIL_', `1')PUSHDIVERT(30)C{SMTPOpModes}s d D
POPDIVERT')
PUSHDIVERT(30)Kldapmh ifelse(defn(`_ARG_'), `', `ldap -1 -T<TMPF> -v mailHost -k (&(objectClass=inetLocalMailRecipient)(mailLocalAddress=%0))', `_ARG_')
Kldapmra ifelse(defn(`_ARG2_'), `', `ldap -1 -T<TMPF> -v mailRoutingAddress -k (&(objectClass=inetLocalMailRecipient)(mailLocalAddress=%0))', `_ARG2_')
POPDIVERT
