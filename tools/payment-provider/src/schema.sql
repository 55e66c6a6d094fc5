-- The provider's own books. Amounts are minor units, instants Unix milliseconds.

create table if not exists intent (
    id             text primary key,
    amount         integer not null check (amount > 0),
    currency       text not null,
    status         text not null check (status in ('requires_payment_method', 'requires_confirmation', 'succeeded', 'canceled')),
    token          text,
    metadata       text not null,
    payment_id     text,
    order_id       text,
    decline_code   text,
    charge         text,
    refunded       integer not null default 0,
    canceled_at    integer,
    created        integer not null,
    check (refunded between 0 and amount)
) strict, without rowid;

create index if not exists intent_by_payment on intent (payment_id);
create index if not exists intent_by_order on intent (order_id);

create table if not exists refund (
    id       text primary key,
    intent   text not null references intent (id),
    charge   text not null,
    amount   integer not null check (amount > 0),
    currency text not null,
    reason   text,
    metadata text not null,
    created  integer not null
) strict, without rowid;

create index if not exists refund_by_intent on refund (intent);

-- What has happened to money, one line each, in the order of its happening. Nothing here is ever changed or removed.
create table if not exists ledger (
    seq        integer primary key autoincrement,
    id         text not null unique,
    type       text not null check (type in ('capture', 'refund')),
    payment_id text not null,
    order_id   text not null,
    amount     integer not null check (amount > 0),
    currency   text not null,
    at         integer not null
) strict;

create index if not exists ledger_by_order on ledger (order_id);

create trigger if not exists ledger_is_never_changed before update on ledger
begin select raise(abort, 'the ledger is append-only'); end;
create trigger if not exists ledger_is_never_shortened before delete on ledger
begin select raise(abort, 'the ledger is append-only'); end;

-- Kept apart from the ledger and moved in the same commit, so that one can be checked against the other.
create table if not exists balance (
    currency text primary key,
    amount   integer not null check (amount >= 0)
) strict, without rowid;

create table if not exists idempotency (
    key     text primary key,
    request blob not null,
    status  integer not null,
    body    blob not null,
    at      integer not null
) strict, without rowid;

create index if not exists idempotency_by_age on idempotency (at);

create table if not exists event (
    id        text primary key,
    type      text not null,
    body      blob not null,
    created   integer not null,
    due       integer not null,
    attempts  integer not null default 0,
    state     text not null default 'waiting' check (state in ('waiting', 'delivered', 'abandoned'))
) strict, without rowid;

create index if not exists event_waiting on event (due) where state = 'waiting';
create index if not exists event_settled on event (created) where state <> 'waiting';
