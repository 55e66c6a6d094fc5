-- f. At most one shipment per order, none without payment.
select printf('%d arranged, %d dispatched, %d cancelled, %d refused', coalesce(sum(status = 'arranged'), 0), coalesce(sum(status = 'dispatched'), 0),
              coalesce(sum(status = 'cancelled'), 0), coalesce(sum(status = 'refused'), 0)) from shipping.shipment;

select printf('order %s has %d shipments: %s', order_id, count(*), group_concat(id || ' ' || status, ', ')), 'shipping.shipment/order_id/' || order_id from shipping.shipment group by order_id having count(*) > 1;

-- Confirmed and shipped orders are paid, by book c; so a parcel of any other order is one that nobody paid for.
select printf('shipment %s of order %s is %s, and the order is %s', s.id, s.order_id, s.status, coalesce(p.status, 'nobody''s')), 'shipping.shipment/id/' || s.id, 'orders.es_event/position/' || p.last
from shipping.shipment s left join placed p on p.id = s.order_id
where (s.status = 'arranged' and coalesce(p.status, '') <> 'confirmed') or (s.status = 'dispatched' and coalesce(p.status, '') <> 'shipped');

select printf('order %s is %s, and no parcel of it is arranged or on its way', p.id, p.status), 'orders.es_event/position/' || p.last, 'shipping.shipment/order_id/' || p.id
from placed p where p.status in ('confirmed', 'shipped')
  and not exists (select 1 from shipping.shipment s where s.order_id = p.id and s.status in ('arranged', 'dispatched'));
