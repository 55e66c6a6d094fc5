-- Whom we write to. Someone who was erased stays as a row without an address, so that an older message cannot bring them back.
create table recipient (user_id text primary key, email text, name text, erased bigint);

-- What a customer was told. seq counts within the customer: the stream's event id, without gaps, in commit order.
create table notification (id text primary key, user_id text not null, seq bigint not null, order_id text, kind text not null,
                           subject text not null, text text not null, at bigint not null, unique (user_id, seq));

-- What becomes of a notification's mail: due, waiting (the address is not known yet), sent, given-up, erase, erased.
create table delivery (id text primary key, user_id text not null, state text not null, due bigint, attempts bigint not null,
                       context text not null, error text, created bigint not null);
create index delivery_due on delivery (due) where due is not null;
create index delivery_user on delivery (user_id);
