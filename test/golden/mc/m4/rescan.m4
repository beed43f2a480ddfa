define(`tail', `l')define(`cal', `called')ca`'tail`'() catail tail()x
define(`cat', `$1$2')cat(le, n)(abcd) cat(`le', `n')`'(x)
define(`count', `$#')count count() count(a) count(a, b) count(`a, b') count(shift(a, b, c))
define(`reverse', `ifelse($#, 0, , $#, 1, ``$1'', `reverse(shift($@)), `$1'')')reverse(`a', `b', `c')
define(`many', `$10|$11|$1')many(1,2,3,4,5,6,7,8,9,ten,eleven)
define(`dollar', `$ $$1 $x $')dollar(v)
define(`star', `[$*] [$@] [$#]')star(a, `b c', `d, e')
define(`self', `x')define(`self', self`y')self
pushdef(`p', `1')pushdef(`p', `2')p popdef(`p')p popdef(`p')p
define(`old', defn(`len'))old(abcd) defn(`cat') undefine(`cat')cat(1, 2)
ifdef(`nope', `yes', `no') ifdef(`len', `yes') ifelse(a, b, 1, c, c, 2, 3) ifelse(a, b, 1, 4)
indir(`count', 1, 2) builtin(`len', `abc') len() lenx len
define(`f', `ifelse($1, 0, `end', `$1 f(decr($1))')')f(5)
