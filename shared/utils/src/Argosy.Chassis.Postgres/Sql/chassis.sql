-- Event store
create table es_stream (id text primary key, type text not null, version bigint not null);
create table es_event  (position bigint generated always as identity primary key, stream text not null, version bigint not null,
                        id text not null, type text not null, schema_version bigint not null,
                        data text not null, meta text not null, at bigint not null, unique (stream, version));

-- Bus
create table bus_outbox (seq bigint generated always as identity primary key, id text not null, type text not null, key text not null,
                         headers text not null, body bytea not null, at bigint not null);
create table bus_cursor (name text primary key, position bigint not null, epoch bigint not null);
create table bus_inbox  (id text primary key, at bigint not null);
create index bus_inbox_at on bus_inbox (at);
create table bus_parked (ord bigint generated always as identity primary key, id text not null unique, type text not null, key text not null,
                         state text not null, due bigint, attempts bigint not null, error text, envelope bytea not null);
create index bus_parked_key on bus_parked (key, ord);
create index bus_parked_due on bus_parked (due) where due is not null;

-- Sagas
create table saga      (id text primary key, type text not null, state text not null, version bigint not null,
                        step bigint not null, data text not null, at bigint not null);
create table saga_step (saga text not null, step bigint not null, direction text not null, state text not null,
                        command text not null, attempt bigint not null, due bigint, error text,
                        primary key (saga, step, direction));
create index saga_step_due on saga_step (due) where due is not null;
create index saga_open on saga (state, at) where state not in ('completed', 'compensated');

-- What one instance does at a time
create table sys_lease (name text primary key, owner text not null, epoch bigint not null, until bigint not null);

-- HTTP
create table http_idempotency (caller text not null, method text not null, path text not null, key text not null,
                               request_hash bytea not null, status bigint not null, headers text not null, body bytea not null,
                               at bigint not null, primary key (caller, method, path, key));
create index http_idempotency_at on http_idempotency (at);

-- What operators did, and why
create table sys_audit (id bigint generated always as identity primary key, at bigint not null, actor text not null, action text not null,
                        target text not null, detail text not null);
