divert(0)dnl
dnl tls.m4: what is asked around encryption and authentication. Requirements come from the access table:
dnl   TLS_Srv:server  TLS_Clt:client  TLS_Rcpt:user@domain     VERIFY  VERIFY:bits  ENCR:bits, with TEMP+ or PERM+ in front and
dnl +CN:name ++CS:subject ++CI:issuer behind
dnl   Try_TLS:server NO   Srv_Features:client letters   AuthInfo:server "U:user" "P:password"

#########################################################
#   Encryption and authentication                       #
#########################################################
# our server has offered STARTTLS to a client, or the client has named a sender:  result $| STARTTLS or MAIL
Stls_client
R$*			$: $(macro {TLS_Name} $@ $&{client_name} $) $1
ifdef(`_LOCAL_TLS_CLIENT_', `R$*			$: $1 $| $>Site_tls_client $1
R$* $| $#$*		$#$2
R$* $| $* $| $*		$: $1 $| $2
')dnl
ifdef(`_ACCESS_TABLE_', `R$* $| $*		$: $1 $| $>D < $&{client_name} > < ? > < ! TLS_Clt > < >
R$* $| < ? > $*		$: $1 $| $>A < $&{client_addr} > < ? > < ! TLS_Clt > < >
R$* $| < ? > $*		$: $1 $| $>E < > < ? > < ! TLS_Clt > < >
R$* $| < $* > < >	$@ $>TLS_connection $1 $| < $2 >
')dnl
R$* $| $*		$@ $>TLS_connection $1 $| < ? >

# we have sent STARTTLS to a server:  result
Stls_server
R$*			$: $(macro {TLS_Name} $@ $&{server_name} $) $1
ifdef(`_LOCAL_TLS_SERVER_', `R$*			$: $1 $| $>Site_tls_server $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
')dnl
ifdef(`_ACCESS_TABLE_', `R$*			$: $1 $| $>D < $&{server_name} > < ? > < ! TLS_Srv > < >
R$* $| < ? > $*		$: $1 $| $>A < $&{server_addr} > < ? > < ! TLS_Srv > < >
R$* $| < ? > $*		$: $1 $| $>E < > < ? > < ! TLS_Srv > < >
R$* $| < $* > < >	$@ $>TLS_connection $1 $| < $2 >
')dnl
R$*			$@ $>TLS_connection $1 $| < ? >

# a recipient is about to be sent
Stls_rcpt
ifdef(`_LOCAL_TLS_RCPT_', `R$*			$: $1 $| $>Site_tls_rcpt $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
')dnl
ifdef(`_ACCESS_TABLE_', `R$+			$: $>CanonAddr $1
R$+ < @ $+ . >		$: $1 < @ $2 >
R$+ < @ $+ >		$: < > $>SearchList < ! TLS_Rcpt > $| < F : $1 @ $2 > < U : $1 @ > < D : $2 > < E : > < >
R$- 			$: < > $>SearchList < ! TLS_Rcpt > $| < U : $1 @ > < E : > < >
R< > < ? >		$@ OK
R< > < $* < TMPF > >	$#error $@ 4.3.0 $: _TMPFMSG_
R< > < $+ >		$@ $>TLS_connection $(macro {TLS_Name} $@ $&{server_name} $) $&{verify} $| < $1 >
')dnl
R$*			$@ OK

# may we send STARTTLS to this server?
Stry_tls
ifdef(`_LOCAL_TRY_TLS_', `R$*			$: $1 $| $>Site_try_tls $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
')dnl
ifdef(`_ACCESS_TABLE_', `R$*			$: $>D < $&{server_name} > < ? > < ! Try_TLS > < >
R< ? > $*		$: $>A < $&{server_addr} > < ? > < ! Try_TLS > < >
R< ? > $*		$: $>E < > < ? > < ! Try_TLS > < >
R< $* < TMPF > > $*	$#error $@ 4.3.0 $: _TMPFMSG_
R< NO > $*		$#error $@ 5.7.1 $: "550 do not try TLS with " $&{server_name} " [" $&{server_addr} "]"
')dnl
R$*			$@ OK

# TLS_connection:  result $| < requirement >
STLS_connection
R$* $| < TEMP + $* >	$: 403 $| 4.7.0 $| $2 $| $1
R$* $| < PERM + $* >	$: 503 $| 5.7.0 $| $2 $| $1
R$* $| < $={Tls} $* >	$: ifdef(`TLS_PERM_ERR', `554 $| 5.7.0', `454 $| 4.7.0') $| $2 $3 $| $1
R$* $| < $* >		$: none $| none $| $1
R$- $| $- $| SOFTWARE	$#error $@ ifdef(`TLS_PERM_ERR', `5.7.0 $: "554', `4.7.0 $: "454') TLS handshake failed."
R$- $| $- $| PROTOCOL	$#error $@ ifdef(`TLS_PERM_ERR', `5.7.0 $: "554', `4.7.0 $: "454') STARTTLS failed."
R$- $| $- $| CONFIG	$#error $@ ifdef(`TLS_PERM_ERR', `5.7.0 $: "554', `4.7.0 $: "454') STARTTLS temporarily not possible."
R$- $| $- $| DANE_FAIL	$#error $@ ifdef(`TLS_PERM_ERR', `5.7.0 $: "554', `4.7.0 $: "454') DANE check failed."
R$- $| $- $| $*		$@ OK
R$- $| $+ $| $+ $| SOFTWARE	$#error $@ $2 $: $1 " TLS handshake failed."
R$- $| $+ $| $+ $| PROTOCOL	$#error $@ $2 $: $1 " STARTTLS failed."
R$- $| $+ $| $+ $| CONFIG	$#error $@ $2 $: $1 " STARTTLS temporarily not possible."
R$- $| $+ $| $+ $| DANE_FAIL	$#error $@ $2 $: $1 " DANE check failed."
R$- $| $+ $| VERIFY $* $| $={TlsVerified}	$: $1 $| $2 $| $3 $| yes
R$- $| $+ $| VERIFY $* $| NO	$#error $@ $2 $: $1 " not authenticated"
R$- $| $+ $| VERIFY $* $| NOT	$#error $@ $2 $: $1 " no authentication requested"
R$- $| $+ $| VERIFY $* $| NONE	$#error $@ $2 $: $1 " other side does not support STARTTLS"
R$- $| $+ $| VERIFY $* $| FAIL	$#error $@ $2 $: $1 " authentication failed"
R$- $| $+ $| VERIFY $* $| CLEAR	$#error $@ $2 $: $1 " STARTTLS disabled locally"
R$- $| $+ $| VERIFY : $- + $* $| $+	$#error $@ $2 $: $1 " authentication failure " $4
R$- $| $+ $| VERIFY + $* $| $+	$#error $@ $2 $: $1 " authentication failure " $3
R$- $| $+ $| VERIFY $* $| $+	$#error $@ $2 $: $1 " authentication failure "
R$- $| $+ $| VERIFY $* $|	$#error $@ $2 $: $1 " authentication required"
R$- $| $+ $| ENCR $* $| $*	$: $1 $| $2 $| $3 $| yes
# strong enough?
R$- $| $+ $| : $- $* $| yes	$: $1 $| $2 $| $4 $| $>TLS_bits $3
R$- $| $+ $| $* $| TRUE $- $-	$#error $@ $2 $: $1 " encryption too weak " $4 " less than " $5
R$- $| $+ $| $* $| FALSE $- $-	$: $1 $| $2 $| $3 $| yes
# and the names in the certificate
R$- $| $+ $| + $* + + $* $| yes	$: $1 $| $2 $| + $3 $| more $4
R$- $| $+ $| + CN $| $*		$: $1 $| $2 $| + CN : $&{TLS_Name} $| $3
R$- $| $+ $| + CN : $* $| $*	$: $1 $| $2 $| $4 $| CN $| $3 $| $>Same_tokens < $3 > < $&{cn_subject} >
R$- $| $+ $| + CS : $* $| $*	$: $1 $| $2 $| $4 $| CS $| $3 $| $>Same_tokens < $3 > < $&{cert_subject} >
R$- $| $+ $| + CI : $* $| $*	$: $1 $| $2 $| $4 $| CI $| $3 $| $>Same_tokens < $3 > < $&{cert_issuer} >
R$- $| $+ $| $* $| CN $| $* $| NO	$#error $@ $2 $: $1 " CN " $&{cn_subject} " does not match " $4
R$- $| $+ $| $* $| CS $| $* $| NO	$#error $@ $2 $: $1 " Cert Subject " $&{cert_subject} " does not match " $4
R$- $| $+ $| $* $| CI $| $* $| NO	$#error $@ $2 $: $1 " Cert Issuer " $&{cert_issuer} " does not match " $4
R$- $| $+ $| more $* $| $- $| $* $| YES	$@ $>TLS_names $1 $| $2 $| + $3 $| yes
R$*			$@ OK

# the names that come after the first one
STLS_names
R$- $| $+ $| + $* + + $* $| yes	$: $1 $| $2 $| + $3 $| more $4
R$- $| $+ $| + CN $| $*		$: $1 $| $2 $| + CN : $&{TLS_Name} $| $3
R$- $| $+ $| + CN : $* $| $*	$: $1 $| $2 $| $4 $| CN $| $3 $| $>Same_tokens < $3 > < $&{cn_subject} >
R$- $| $+ $| + CS : $* $| $*	$: $1 $| $2 $| $4 $| CS $| $3 $| $>Same_tokens < $3 > < $&{cert_subject} >
R$- $| $+ $| + CI : $* $| $*	$: $1 $| $2 $| $4 $| CI $| $3 $| $>Same_tokens < $3 > < $&{cert_issuer} >
R$- $| $+ $| $* $| CN $| $* $| NO	$#error $@ $2 $: $1 " CN " $&{cn_subject} " does not match " $4
R$- $| $+ $| $* $| CS $| $* $| NO	$#error $@ $2 $: $1 " Cert Subject " $&{cert_subject} " does not match " $4
R$- $| $+ $| $* $| CI $| $* $| NO	$#error $@ $2 $: $1 " Cert Issuer " $&{cert_issuer} " does not match " $4
R$- $| $+ $| more $* $| $- $| $* $| YES	$@ $>TLS_names $1 $| $2 $| + $3 $| yes
R$*			$@ OK

# bits that are wanted: TRUE when there are less, with both numbers
STLS_bits
R$-			$: $1 $| $&{cipher_bits}
R$- $|			$: $1 $| 0
R$- $| $-		$@ $(arith l $@ $2 $@ $1 $: TRUE $) $2 $1

# YES when both are the same, token by token
SSame_tokens
R< > < >		$@ YES
R< $- $* > < $* >	$: < $2 > < $3 > $(macro {Token} $@ $1 $)
R< $* > < $&{Token} $* >	$@ $>Same_tokens < $1 > < $2 >
R$*			$@ NO

# may somebody who has said who he is (AUTH) send as somebody else (MAIL AUTH=)?
SLocal_trust_auth
Strust_auth
R$*			$: $&{auth_type} $| $1
R$| $*			$#error $@ 5.7.1 $: "550 not authenticated"
R$* $| $&{auth_authen}	$@ identical
R$* $| < $&{auth_authen} >	$@ identical
R$* $| $*		$: $1 $| $>Local_trust_auth $2
R$* $| $#$*		$#$2
R$*			$#error $@ 5.7.1 $: "550 " $&{auth_authen} " not allowed to act as " $&{auth_author}
ifdef(`_ACCESS_TABLE_', `
# what is offered to a client:  name $| address
Ssrv_features
ifdef(`_LOCAL_SRV_FEATURES_', `R$*			$: $1 $| $>Site_srv_features $1
R$* $| $#$*		$#$2
R$* $| $* $| $*		$: $1 $| $2
')dnl
R$*			$: $>D < $&{client_name} > < ? > < ! Srv_Features > < >
R< ? > $*		$: $>A < $&{client_addr} > < ? > < ! Srv_Features > < >
R< ? > $*		$: $>E < > < ? > < ! Srv_Features > < >
R< ? > $*		$@ OK
R< $* < TMPF > > $*	$#temp
R< $+ > < >		$# $1

# what is tried with a server
Sclt_features
ifdef(`_LOCAL_CLT_FEATURES_', `R$*			$: $1 $| $>Site_clt_features $1
R$* $| $#$*		$#$2
R$* $| $*		$: $1
')dnl
R$*			$: $>D < $&{server_name} > < ? > < ! Clt_Features > < >
R< ? > $*		$: $>A < $&{server_addr} > < ? > < ! Clt_Features > < >
R< ? > $*		$: $>E < > < ? > < ! Clt_Features > < >
R< ? > $*		$@ OK
R< $* < TMPF > > $*	$#temp
R< $+ > < >		$# $1
', `ifdef(`_LOCAL_SRV_FEATURES_', `
Ssrv_features
R$*			$@ $>Site_srv_features $1
')ifdef(`_LOCAL_CLT_FEATURES_', `
Sclt_features
R$*			$@ $>Site_clt_features $1
')')dnl
ifdef(`_ACCESS_TABLE_', `
# what we say to a server that wants AUTH
Sauthinfo
ifdef(`_AUTHINFO_TABLE_', `R$*			$: < $(authinfo AuthInfo : $&{server_name} $: ? $) >
R< ? >			$: < $(authinfo AuthInfo : $&{server_addr} $: ? $) >
R< ? >			$: < $(authinfo AuthInfo : $: ? $) >
R< ? >			$@ no
R< $+ >			$# $1
', `R$*			$: $>D < $&{server_name} > < ? > < ! AuthInfo > < >
R< ? > $*		$: $>A < $&{server_addr} > < ? > < ! AuthInfo > < >
R< ? > $*		$: $>E < > < ? > < ! AuthInfo > < >
R< ? > $*		$@ no
R< $+ > < >		$# $1
')', `ifdef(`_AUTHINFO_TABLE_', `
# what we say to a server that wants AUTH
Sauthinfo
R$*			$: < $(authinfo AuthInfo : $&{server_name} $: ? $) >
R< ? >			$: < $(authinfo AuthInfo : $&{server_addr} $: ? $) >
R< ? >			$: < $(authinfo AuthInfo : $: ? $) >
R< ? >			$@ no
R< $+ >			$# $1
')')dnl
ifdef(`_LOCAL_TLS_CLIENT_', `
SSite_tls_client
undivert(24)')dnl
ifdef(`_LOCAL_TLS_SERVER_', `
SSite_tls_server
undivert(25)')dnl
ifdef(`_LOCAL_TLS_RCPT_', `
SSite_tls_rcpt
undivert(23)')dnl
ifdef(`_LOCAL_TRY_TLS_', `
SSite_try_tls
undivert(22)')dnl
ifdef(`_LOCAL_SRV_FEATURES_', `
SSite_srv_features
undivert(20)')dnl
ifdef(`_LOCAL_CLT_FEATURES_', `
SSite_clt_features
undivert(21)')dnl
undivert(44)dnl

