-- What we sell. The version is the ETag: it follows an administrator's changes, not orders.
create table item (sku text primary key, name text not null, price bigint not null check (price >= 1), currency text not null, version bigint not null);

-- Where every piece is. The books are the table's own rule: nothing below zero, and all of it adds up to what was put in.
create table stock (sku text primary key references item (sku), put_in bigint not null, available bigint not null, reserved bigint not null, sold bigint not null,
                    check (available >= 0 and reserved >= 0 and sold >= 0), check (available + reserved + sold = put_in));

-- What an order holds: reserved, released or sold. Rows stay, so that a command that comes again is answered from them.
create table reservation (order_id text not null, sku text not null references stock (sku), quantity bigint not null check (quantity >= 1),
                          state text not null, since bigint not null, alarmed bigint, primary key (order_id, sku));
create index reservation_waiting on reservation (since) where state = 'reserved' and alarmed is null;
