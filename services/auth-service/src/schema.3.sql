-- Keys of machine clients, found by their prefix and kept as a hash. A key's id is the claim sid of the tokens that are given for it.
create table api_keys (id text primary key, prefix text not null unique, hash text not null, account text not null, name text not null,
                       scope text not null, created bigint not null, expires bigint not null, revoked bigint);
create index api_keys_account on api_keys (account);
