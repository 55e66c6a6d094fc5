-- What more than one book needs, gathered once a reading. An order's status is what its last event says, never what a read model does.

create temp table placed (id text primary key, customer text, total integer, currency text, lines text, status text, is_cancel_wanted integer, first integer, last integer) without rowid;

insert into placed
select substr(s.id, length('order-') + 1), json_extract(first.data, '$.customer'),
       json_extract(first.data, '$.total.amount'), json_extract(first.data, '$.total.currency'), json_extract(first.data, '$.lines'),
       case last.type when 'order.placed' then 'pending' when 'order.confirmed' then 'confirmed' when 'order.shipped' then 'shipped'
                      when 'order.cancel-requested' then 'cancelling' when 'order.cancel-refused' then 'confirmed'
                      when 'order.cancelled' then 'cancelled' else 'unknown' end,
       exists (select 1 from orders.es_event c where c.stream = s.id and c.type = 'order.cancel-requested'),
       first.position, last.position
from orders.es_stream s
join orders.es_event first on first.stream = s.id and first.version = 1
left join orders.es_event last on last.stream = s.id and last.version = s.version
where s.type = 'order';

-- What became of requests for orders that nobody was answered: the record of their key says it, since it is in the order's own commit.
create temp table settled as
select s.n as n, json_extract(cast(k.body as text), '$.id') as order_id
from said s join orders.http_idempotency k on k.caller = s.customer and k.method = 'POST' and k.path = '/api/v1/orders' and k.key = s.key
where s.act = 'place' and s.status is null and k.status between 200 and 299;

create temp table money (order_id text primary key, captures integer, captured integer, refunds integer, refunded integer) without rowid;

insert into money
select order_id, sum(type = 'capture'), sum(case type when 'capture' then amount else 0 end),
       sum(type = 'refund'), sum(case type when 'refund' then amount else 0 end)
from provider.ledger group by order_id;

-- Refunds as payment-service tells of them: who wanted each, and what the provider called it.
create temp table refund (id text, order_id text, amount integer, wanted_by text, provider_id text, is_return integer, position integer);

insert into refund
select json_extract(wanted.data, '$.refundId'), json_extract(opened.data, '$.orderId'), json_extract(wanted.data, '$.amount'),
       json_extract(wanted.data, '$.by'), json_extract(done.data, '$.providerRefundId'),
       exists (select 1 from payments.es_event r where r.stream = wanted.stream and r.type = 'payment.return-requested'), wanted.position
from payments.es_event wanted
join payments.es_event opened on opened.stream = wanted.stream and opened.version = 1
left join payments.es_event done on done.stream = wanted.stream and done.type = 'payment.refund-done'
     and json_extract(done.data, '$.refundId') = json_extract(wanted.data, '$.refundId')
where wanted.type = 'payment.refund-started';

create index temp.refund_provider on refund (provider_id);

-- Who hears what: the checker's own copy of the catalogue; a test holds one against the other.
create temp table route (publisher text, type text, subscriber text);

insert into route values
    ('auth-service', 'argosy.auth.v1.UserRegistered', 'notification-service'),
    ('auth-service', 'argosy.auth.v1.UserRegistered', 'user-service'),
    ('auth-service', 'argosy.auth.v1.SessionRevoked', 'inventory-service'),
    ('auth-service', 'argosy.auth.v1.SessionRevoked', 'notification-service'),
    ('auth-service', 'argosy.auth.v1.SessionRevoked', 'order-service'),
    ('auth-service', 'argosy.auth.v1.SessionRevoked', 'payment-service'),
    ('auth-service', 'argosy.auth.v1.SessionRevoked', 'shipping-service'),
    ('auth-service', 'argosy.auth.v1.SessionRevoked', 'user-service'),
    ('auth-service', 'argosy.auth.v1.TokenRevoked', 'inventory-service'),
    ('auth-service', 'argosy.auth.v1.TokenRevoked', 'notification-service'),
    ('auth-service', 'argosy.auth.v1.TokenRevoked', 'order-service'),
    ('auth-service', 'argosy.auth.v1.TokenRevoked', 'payment-service'),
    ('auth-service', 'argosy.auth.v1.TokenRevoked', 'shipping-service'),
    ('auth-service', 'argosy.auth.v1.TokenRevoked', 'user-service'),
    ('user-service', 'argosy.user.v1.UserErased', 'auth-service'),
    ('user-service', 'argosy.user.v1.UserErased', 'notification-service'),
    ('order-service', 'argosy.inventory.v1.ReserveStock', 'inventory-service'),
    ('order-service', 'argosy.inventory.v1.ReleaseStock', 'inventory-service'),
    ('order-service', 'argosy.payment.v1.CapturePayment', 'payment-service'),
    ('order-service', 'argosy.payment.v1.RefundPayment', 'payment-service'),
    ('order-service', 'argosy.shipping.v1.ArrangeShipment', 'shipping-service'),
    ('order-service', 'argosy.shipping.v1.CancelShipment', 'shipping-service'),
    ('order-service', 'argosy.order.v1.OrderConfirmed', 'notification-service'),
    ('order-service', 'argosy.order.v1.OrderShipped', 'notification-service'),
    ('order-service', 'argosy.order.v1.OrderShipped', 'inventory-service'),
    ('order-service', 'argosy.order.v1.OrderCancelled', 'notification-service'),
    ('inventory-service', 'argosy.inventory.v1.ItemPriced', 'order-service'),
    ('inventory-service', 'argosy.inventory.v1.StockReserved', 'order-service'),
    ('inventory-service', 'argosy.inventory.v1.StockRejected', 'order-service'),
    ('inventory-service', 'argosy.inventory.v1.StockReleased', 'order-service'),
    ('payment-service', 'argosy.payment.v1.PaymentCaptured', 'order-service'),
    ('payment-service', 'argosy.payment.v1.PaymentDeclined', 'order-service'),
    ('payment-service', 'argosy.payment.v1.PaymentRefunded', 'order-service'),
    ('shipping-service', 'argosy.shipping.v1.ShipmentArranged', 'order-service'),
    ('shipping-service', 'argosy.shipping.v1.ShipmentRefused', 'order-service'),
    ('shipping-service', 'argosy.shipping.v1.ShipmentCancelled', 'order-service'),
    ('shipping-service', 'argosy.shipping.v1.ShipmentCancelRefused', 'order-service'),
    ('shipping-service', 'argosy.shipping.v1.ShipmentDispatched', 'order-service');

create temp view outbox as
    select 'auth-service' as service, 'accounts' as schema, seq, id, type, key from accounts.bus_outbox union all
    select 'user-service', 'users', seq, id, type, key from users.bus_outbox union all
    select 'inventory-service', 'inventory', seq, id, type, key from inventory.bus_outbox union all
    select 'order-service', 'orders', seq, id, type, key from orders.bus_outbox union all
    select 'payment-service', 'payments', seq, id, type, key from payments.bus_outbox union all
    select 'shipping-service', 'shipping', seq, id, type, key from shipping.bus_outbox union all
    select 'notification-service', 'notifications', seq, id, type, key from notifications.bus_outbox;

create temp view parked as
    select 'auth-service' as service, 'accounts' as schema, id, type, key, state, error from accounts.bus_parked union all
    select 'user-service', 'users', id, type, key, state, error from users.bus_parked union all
    select 'inventory-service', 'inventory', id, type, key, state, error from inventory.bus_parked union all
    select 'order-service', 'orders', id, type, key, state, error from orders.bus_parked union all
    select 'payment-service', 'payments', id, type, key, state, error from payments.bus_parked union all
    select 'shipping-service', 'shipping', id, type, key, state, error from shipping.bus_parked union all
    select 'notification-service', 'notifications', id, type, key, state, error from notifications.bus_parked;
