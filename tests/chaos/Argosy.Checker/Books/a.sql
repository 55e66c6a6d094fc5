-- a. Every acknowledged order exists, once.
select printf('%d acknowledged orders', count(distinct order_id)) from said where act = 'place' and status between 200 and 299;

-- A client was told that it has an order, and nobody has it.
select printf('order %s was acknowledged (key %s, status %d) and does not exist', s.order_id, s.key, s.status), 'said/n/' || s.n
from said s where s.act = 'place' and s.status between 200 and 299 and not exists (select 1 from placed p where p.id = s.order_id);

-- It costs what its lines cost.
select printf('order %s should cost %d %s, and costs %d %s', s.order_id, s.expected, s.expected_currency, p.total, p.currency),
       'said/n/' || s.n, 'orders.es_event/position/' || p.first
from said s join placed p on p.id = s.order_id
where s.act = 'place' and s.status between 200 and 299 and s.expected is not null and (s.expected, s.expected_currency) is not (p.total, p.currency);

-- One order for two requests, two orders for one request.
select printf('order %s was given for %d different requests: keys %s', order_id, count(distinct key), group_concat(distinct key)),
       'said/n/' || min(n), 'said/n/' || max(n)
from said where act = 'place' and status between 200 and 299 group by order_id having count(distinct key) > 1;

select printf('key %s of customer %s was answered with %d different orders: %s', key, customer, count(distinct order_id), group_concat(distinct order_id)),
       'said/n/' || min(n), 'said/n/' || max(n)
from said where act = 'place' and status between 200 and 299 group by customer, key having count(distinct order_id) > 1;

-- An order that nobody was told of, and that no request without an answer made. Where the records of such requests may have been forgotten,
-- as many as they are may be there; who asked again with the same key, and heard, has no doubt left.
select printf('order %s of customer %s exists and was acknowledged to nobody', p.id, p.customer), 'orders.es_event/position/' || p.first
from placed p
where p.customer in (select customer from said where act = 'place')
  and not exists (select 1 from said s where s.act = 'place' and s.order_id = p.id)
  and p.id not in (select order_id from settled)
  and (select count(*) from placed q where q.customer = p.customer)
      > (select count(distinct s.order_id) from said s where s.act = 'place' and s.customer = p.customer and s.status between 200 and 299)
      + (select count(distinct s.key) from said s where s.act = 'place' and s.customer = p.customer and s.status is null and s.at <= @remembered
         and not exists (select 1 from said e where e.act = 'place' and e.customer = s.customer and e.key = s.key and e.status is not null))
      + (select count(distinct t.order_id) from settled t join said s on s.n = t.n where s.customer = p.customer
         and t.order_id not in (select order_id from said where act = 'place' and status between 200 and 299));

-- A request without an answer left its record, and not its order: they are one commit.
select printf('the request with key %s of customer %s had no answer; its record says that it made order %s, which does not exist', s.key, s.customer, t.order_id),
       'said/n/' || s.n, 'orders.http_idempotency/key/' || s.key
from settled t join said s on s.n = t.n where not exists (select 1 from placed p where p.id = t.order_id);

-- The answer that was given is the one that a repeat would be given: the record of the key was in the order's own commit.
select printf('order %s was acknowledged under key %s, and a repeat of that request would not be recognised: %s', s.order_id, s.key,
              case when k.key is null then 'no record of the key' else printf('its record says %d %s', k.status, json_extract(cast(k.body as text), '$.id')) end),
       'said/n/' || s.n, 'orders.http_idempotency/key/' || s.key
from said s
left join orders.http_idempotency k on k.caller = s.customer and k.method = 'POST' and k.path = '/api/v1/orders' and k.key = s.key
where s.act = 'place' and s.status between 200 and 299 and s.at > @remembered
  and (k.key is null or k.status <> s.status or json_extract(cast(k.body as text), '$.id') is not s.order_id);
