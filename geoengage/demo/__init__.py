"""`make run`: the whole system on one machine with a mall full of simulated shoppers, from one command.

`run` starts, watches and stops the processes; `seed` fills the database, from outside, over the API,
`chains` plans and imports the shop chains, `tales` says what each of them tells: `stories` are its experiments,
`planting` puts them in (a past of messages as rows, since nobody can have sent it); `state` keeps the keys that the
database only has as hashes. Nothing of the product imports this package.
"""
