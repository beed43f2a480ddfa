/**
 * Shell lines that start a Postfix on 127.0.0.12, port 25, in namespaces of a test (`runInside`); they need `wait_for` and `listens`.
 *
 * @param settings lines of main.cf beside its name (two.far.test) and its places
 * @param before what is to be done before it starts
 */
export function postfix(settings: string, before = ":"): string {
  return `
printf 'postfix:x:8401:\\npostdrop:x:8402:\\n' >>/etc/group
echo 'postfix:x:8401:8401::/var/spool/postfix:/bin/false' >>/etc/passwd
mkdir -p /etc/postfix/sasl /var/lib/postfix /var/spool/postfix
cp /usr/share/postfix/dynamicmaps.cf /etc/postfix/
sed -e 's/^smtp      inet.*/127.0.0.12:25 inet n - n - - smtpd/' -e 's/^\\([a-z]* *unix *[-ny] *[-ny] *\\)y /\\1n /' \\
  /usr/share/postfix/master.cf.dist >/etc/postfix/master.cf
cd /var/spool/postfix
mkdir -p active bounce corrupt defer deferred flush hold incoming private saved trace maildrop public pid
chown postfix /var/lib/postfix active bounce corrupt defer deferred flush hold incoming private saved trace
chown postfix:postdrop maildrop public
chmod 1730 maildrop
chmod 2710 public
cd /mnt
cat >/etc/postfix/main.cf <<'END'
compatibility_level = 3.6
myhostname = two.far.test
inet_interfaces = loopback-only
inet_protocols = ipv4
maillog_file = /var/log/postfix.log
alias_maps =
${settings}
END
${before}
MAIL_CONFIG=/etc/postfix /usr/lib/postfix/sbin/master -d &
wait_for listens 127.0.0.12 25
`;
}
