-- One row for each order that asked for a parcel, refused ones included: a command that comes again is answered from it.
create table shipment (id text primary key, order_id text not null unique, customer text not null, status text not null,
                       tracking text, reason text, name text not null, street text not null, city text not null,
                       postal_code text not null, country text not null, created bigint not null, updated bigint not null);
