divert(-1)
dnl FEATURE(`spf', `fail', `softfail', `permerror', `temperror'): clients are asked whether they may send mail of the sender's domain (SPF).
dnl
dnl Arguments: what is done for each of these results: `reject', `tempfail', `quarantine', `discard', `tag' (accepted, and told in
dnl Authentication-Results), or the text of a refusal as in the right side of a rule. Default: `reject', `tag', `tag', `tag'.
dnl Logins, hosts that may relay and ports for submission are not asked. A site adds rules to Local_check_spf; {spf} and {spf_domain}
dnl are known from MAIL on. With FEATURE(`delay_checks') a recipient has to be named first.
dnl Keys of the access table: SPF:domain of the sender, or SPF:address of the client. Values: OK, REJECT, QUARANTINE:text,
dnl DISCARD, ERROR:D.S.N:code text: what is done in place of the arguments when SPF does not pass.
dnl
dnl Example:
dnl   FEATURE(`spf', `reject', `quarantine')
dnl and in /etc/mail/access
dnl   SPF:partner.example    OK
dnl   SPF:192.0.2.25         OK
define(`_SPF_', `1')
define(`_SPF_FAIL_', _ACTION_OR_(`spf', `_ARG_', `-reject-tempfail-quarantine-discard-tag-', `reject'))
define(`_SPF_SOFTFAIL_', _ACTION_OR_(`spf', `_ARG2_', `-reject-tempfail-quarantine-discard-tag-', `tag'))
define(`_SPF_PERMERROR_', _ACTION_OR_(`spf', `_ARG3_', `-reject-tempfail-quarantine-discard-tag-', `tag'))
define(`_SPF_TEMPERROR_', _ACTION_OR_(`spf', `_ARG4_', `-reject-tempfail-quarantine-discard-tag-', `tag'))
