define(`greet', `hello $1, $2')greet(`a', b) greet( lead , trail ) greet((x, y), z)
changequote([, ])define([x], [quoted `text'])x changequote
changequote(`<<', `>>')define(<<y>>, <<two < one >>)y changequote(<<`>>, <<'>>)
`nested `quotes' stay' `'empty
changequote(`', `')`no quotes' at all: greet(1, 2)
changequote
# comment with greet(no) and an open ` quote
changecom(`/*', `*/')/* greet(1) */ # greet(2, 3)
changecom# greet(4, 5)
changecom(`#')done # greet
