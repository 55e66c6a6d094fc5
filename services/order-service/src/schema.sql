-- What inventory-service last said an item costs.
create table item_price (sku text primary key, name text not null, amount bigint not null, currency text not null);

-- Orders as customers list them; follows the events in their own commit.
create table order_view (id text primary key, customer text not null, status text not null, reason text, total bigint not null,
                         currency text not null, lines text not null, address text not null, tracking text,
                         placed bigint not null, updated bigint not null, version bigint not null);
create index order_view_customer on order_view (customer, placed desc, id desc);
create index order_view_placed on order_view (placed desc, id desc);
