divert(-1)
dnl FEATURE(`dmarc', `action', `quarantine', `temperror'): mail that names an author who has not sent it is treated as the author's domain wishes (DMARC).
dnl
dnl Arguments: what is done where the domain says p=reject: `reject' (default), `quarantine' (put aside for an operator), `tag'
dnl (accepted, and told in Authentication-Results), or the text of a refusal as in the right side of a rule. The second is what is
dnl done where it says p=quarantine: `quarantine' or `tag'; default: `quarantine', or `tag' where the first is that. The third is what
dnl is done when there is no result for now, because name servers do not answer: `tag' (default), `tempfail' (451: the message comes
dnl again), or a text.
dnl SPF, DKIM and ARC are looked at, too. Logins, hosts that may relay and ports for submission are not asked. A site adds rules to
dnl Local_check_auth; {dmarc}, {dmarc_policy}, {dkim}, {dkim_d}, {arc} and others are known to the rulesets at the end of a message.
dnl Keys of the access table: DMARC:domain in From, or DMARC:address of the client, and ARC:domain of a forwarder (OK: what it has
dnl seen counts): exceptions. DKIM:domain in From: what is done with its mail without a good signature of its own. Values: OK,
dnl REJECT, QUARANTINE:text, DISCARD, ERROR:D.S.N:code text.
dnl
dnl Example:
dnl   FEATURE(`dmarc', `reject', `tag')
dnl and in /etc/mail/access
dnl   DMARC:lists.example    OK
dnl   ARC:forwarder.example  OK
dnl   DKIM:bank.example      REJECT
define(`_DMARC_', `1')
define(`_DMARC_REJECT_', _ACTION_OR_(`dmarc', `_ARG_', `-reject-quarantine-tag-', `reject'))
define(`_DMARC_QUARANTINE_', _ACTION_OR_(`dmarc', `_ARG2_', `-quarantine-tag-', ifelse(defn(`_DMARC_REJECT_'), `tag', `tag', `quarantine')))
define(`_DMARC_TEMPERROR_', _ACTION_OR_(`dmarc', `_ARG3_', `-tempfail-tag-', `tag'))
