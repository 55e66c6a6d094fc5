-- b. At most one capture per order, of the order's amount and currency.
select printf('%d captures of %d orders', coalesce(sum(captures), 0), coalesce(sum(captures > 0), 0)) from money;

select printf('order %s was charged %d times: %s', m.order_id, m.captures, (select group_concat(l.id, ', ') from provider.ledger l where l.order_id = m.order_id and l.type = 'capture')),
       'provider.ledger/order_id/' || m.order_id
from money m where m.captures > 1;

select printf('order %s costs %d %s and was charged %d %s (%s)', p.id, p.total, p.currency, l.amount, l.currency, l.id), 'orders.es_event/position/' || p.first, 'provider.ledger/id/' || l.id
from provider.ledger l join placed p on p.id = l.order_id
where l.type = 'capture' and (l.amount, l.currency) is not (p.total, p.currency);

select printf('ledger entry %s (%s of %d %s) names order %s, which nobody placed', l.id, l.type, l.amount, l.currency, case l.order_id when '' then 'nobody' else l.order_id end), 'provider.ledger/id/' || l.id
from provider.ledger l where not exists (select 1 from placed p where p.id = l.order_id);
