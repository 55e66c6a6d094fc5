-- c. Shipped ⇒ captured; cancelled ⇒ not captured, or refunded in full; refunds only by saga or admin, never above the capture.
select printf('%d refunds, %d wanted by the saga and %d by an administrator', count(*), coalesce(sum(wanted_by = 'saga'), 0), coalesce(sum(wanted_by <> 'saga'), 0)) from refund where provider_id is not null;

select printf('order %s is %s and was never charged', p.id, p.status), 'orders.es_event/position/' || p.last
from placed p left join money m on m.order_id = p.id where p.status in ('confirmed', 'shipped') and coalesce(m.captures, 0) = 0;

select printf('order %s is cancelled; %d %s were charged and %d given back', p.id, m.captured, p.currency, m.refunded), 'orders.es_event/position/' || p.last, 'provider.ledger/order_id/' || p.id
from placed p join money m on m.order_id = p.id where p.status = 'cancelled' and m.captured <> m.refunded;

select printf('order %s was given back %d and charged %d', order_id, refunded, captured), 'provider.ledger/order_id/' || order_id from money where refunded > captured;

-- What was given back was asked for, by somebody who may.
select printf('refund %s of %d for order %s is in the ledger, and payment-service knows of none', l.id, l.amount, l.order_id), 'provider.ledger/id/' || l.id
from provider.ledger l where l.type = 'refund' and not exists (select 1 from refund r where r.provider_id = l.id);

select printf('refund %s of %d for order %s is done by payment-service''s word, and not in the ledger with that amount', r.provider_id, r.amount, r.order_id),
       'payments.es_event/position/' || r.position, 'provider.ledger/id/' || r.provider_id
from refund r where r.provider_id is not null and not exists (
    select 1 from provider.ledger l where l.id = r.provider_id and l.type = 'refund' and l.order_id = r.order_id and l.amount = r.amount);

select printf('refund %s for order %s was wanted by %s, who is neither the saga nor an administrator', r.id, r.order_id, r.wanted_by),
       'payments.es_event/position/' || r.position, 'accounts.accounts/id/' || r.wanted_by
from refund r where r.wanted_by <> 'saga' and not exists (select 1 from accounts.accounts a where a.id = r.wanted_by and a.role = 'admin');

select printf('refund %s was wanted by the saga, and order %s is %s', r.id, r.order_id, coalesce(p.status, 'unknown')),
       'payments.es_event/position/' || r.position, 'orders.es_event/position/' || p.last
from refund r left join placed p on p.id = r.order_id where r.wanted_by = 'saga' and (not r.is_return or coalesce(p.status, '') not in ('cancelling', 'cancelled', 'pending'));
