SITE(`snake worm')
