-- j. No answer that a client was given is contradicted later. What is "attention" comes and goes with a stuck saga, and book h has it.
select printf('%d answers', count(*)) from said where status is not null;

select printf('order %s was acknowledged, and later a client was told %d for it', s.order_id, s.status),
       'said/n/' || (select min(e.n) from said e where e.order_id = s.order_id and e.act = 'place' and e.status between 200 and 299), 'said/n/' || s.n
from said s where s.act = 'read' and s.status = 404 and exists (
    select 1 from said e where e.order_id = s.order_id and e.act = 'place' and e.status between 200 and 299 and e.at <= s.asked);

select printf('a client was told that order %s costs %d %s, and it costs %d %s', s.order_id, s.total, s.currency, p.total, p.currency),
       'said/n/' || s.n, 'orders.es_event/position/' || p.first
from said s join placed p on p.id = s.order_id where s.total is not null and (s.total, s.currency) is not (p.total, p.currency) group by s.order_id, s.total, s.currency;

-- Two answers, the later one asked for after the earlier one was there.
select printf('a client was told that order %s is %s, and later that it is %s', e.order_id, e.told, l.told), 'said/n/' || e.n, 'said/n/' || l.n
from said e join said l on l.order_id = e.order_id and l.asked >= e.at and l.n <> e.n
where l.told is not null and l.told <> 'attention' and (
    (e.told in ('shipped', 'cancelled') and l.told <> e.told) or (e.told in ('confirmed', 'cancelling') and l.told = 'pending'))
group by e.order_id, e.told, l.told;

-- The last word is the order's.
select printf('a client was told that order %s is %s, and it is %s', s.order_id, s.told, p.status), 'said/n/' || s.n, 'orders.es_event/position/' || p.last
from said s join placed p on p.id = s.order_id
where (s.told in ('shipped', 'cancelled') and p.status <> s.told)
   or (s.told in ('confirmed', 'cancelling') and p.status = 'pending')
   or (s.told = 'confirmed' and p.status in ('cancelling', 'cancelled') and not p.is_cancel_wanted)
group by s.order_id, s.told;

-- A cancellation that was refused or accepted.
select printf('a client was refused the cancellation of order %s because it has shipped, and the order is %s', s.order_id, p.status), 'said/n/' || s.n, 'orders.es_event/position/' || p.last
from said s join placed p on p.id = s.order_id
where s.act = 'cancel' and s.status = 409 and s.code = 'order.shipped' and p.status <> 'shipped' group by s.order_id;

select printf('the cancellation of order %s was accepted (status %d), and the order is %s without a word why', s.order_id, s.status, p.status),
       'said/n/' || s.n, 'orders.es_event/position/' || p.last
from said s join placed p on p.id = s.order_id
where s.act = 'cancel' and s.status between 200 and 299 and p.status in ('pending', 'confirmed')
  and not exists (select 1 from orders.es_event e where e.stream = 'order-' || s.order_id and e.type = 'order.cancel-refused')
group by s.order_id;

select printf('order %s was dispatched (status %d), and it is %s', s.order_id, s.status, p.status), 'said/n/' || s.n, 'orders.es_event/position/' || p.last
from said s join placed p on p.id = s.order_id
where s.act = 'dispatch' and s.status between 200 and 299 and p.status <> 'shipped' group by s.order_id;

select printf('item %s was put on the shelf (status %d), and there is no such item', s.sku, s.status), 'said/n/' || s.n
from said s where s.act = 'put' and s.status between 200 and 299 and not exists (select 1 from inventory.item i where i.sku = s.sku) group by s.sku;
