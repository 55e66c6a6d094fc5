-- g. Outboxes and parked tables drained, inbox effects once.
select printf('%d messages of the last hour, %d parked', count(*), (select count(*) from parked)) from outbox;

select printf('%s %s (%s) of %s has not been taken by %s', o.type, o.id, o.key, o.service, r.subscriber), o.schema || '.bus_outbox/id/' || o.id
from outbox o join route r on r.publisher = o.service and r.type = o.type
where not case r.subscriber
    when 'auth-service' then exists (select 1 from accounts.bus_inbox i where i.id = o.id)
    when 'user-service' then exists (select 1 from users.bus_inbox i where i.id = o.id)
    when 'inventory-service' then exists (select 1 from inventory.bus_inbox i where i.id = o.id)
    when 'order-service' then exists (select 1 from orders.bus_inbox i where i.id = o.id)
    when 'payment-service' then exists (select 1 from payments.bus_inbox i where i.id = o.id)
    when 'shipping-service' then exists (select 1 from shipping.bus_inbox i where i.id = o.id)
    when 'notification-service' then exists (select 1 from notifications.bus_inbox i where i.id = o.id)
    else 0 end;

select printf('%s %s (%s) is parked as %s at %s: %s', type, id, key, state, service, coalesce(error, 'no error')), schema || '.bus_parked/id/' || id from parked;

select printf('payment %s waits for the provider after %d tries: %s', payment, attempts, coalesce(error, 'no error')), 'payments.provider_task/payment/' || payment from payments.provider_task;

-- What is born of a message has an identity that derives from it: the same id twice means that it had its effect twice.
select printf('%s %s (%s) was published %d times by %s', type, id, key, count(*), service), schema || '.bus_outbox/id/' || id from outbox group by service, id having count(*) > 1;

select printf('what %s caused in stream %s was written %d times: versions %s', json_extract(meta, '$.causationId'), stream, count(distinct at), group_concat(version, ', ')),
       'orders.es_event/position/' || min(position), 'orders.es_event/position/' || max(position)
from orders.es_event where at > (select max(at) - 3600000 from orders.es_event)
group by stream, json_extract(meta, '$.causationId') having count(distinct at) > 1;
