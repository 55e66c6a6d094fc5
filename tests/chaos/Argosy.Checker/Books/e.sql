-- e. For every item, available + reserved + sold = put in, nothing below zero, no reservation without an order in flight or confirmed.
select printf('%d items: %d put in = %d available + %d reserved + %d sold', count(*), sum(put_in), sum(available), sum(reserved), sum(sold)) from inventory.stock;

select printf('item %s: %d available + %d reserved + %d sold is not the %d that were put in', sku, available, reserved, sold, put_in), 'inventory.stock/sku/' || sku
from inventory.stock where available + reserved + sold <> put_in;

select printf('item %s is below zero: %d available, %d reserved, %d sold', sku, available, reserved, sold), 'inventory.stock/sku/' || sku
from inventory.stock where min(available, reserved, sold) < 0;

-- What a client put on the shelf, where it did so once.
select printf('item %s: %d were put in by a client (status %d), and inventory-service says %s', s.sku, s.stock, s.status, coalesce(i.put_in, 'that there is none')),
       'said/n/' || s.n, 'inventory.stock/sku/' || s.sku
from said s left join inventory.stock i on i.sku = s.sku
where s.act = 'put' and s.status = 201 and i.put_in is not s.stock and (select count(*) from said o where o.act = 'put' and o.sku = s.sku) = 1;

-- The shelf and the orders' lines are two ways of counting the same pieces.
select printf('item %s: %d are reserved and %d sold, and its reservations say %d and %d', s.sku, s.reserved, s.sold, coalesce(r.reserved, 0), coalesce(r.sold, 0)),
       'inventory.stock/sku/' || s.sku, 'inventory.reservation/sku/' || s.sku
from inventory.stock s
left join (select sku, sum(case state when 'reserved' then quantity else 0 end) as reserved, sum(case state when 'sold' then quantity else 0 end) as sold
           from inventory.reservation group by sku) r on r.sku = s.sku
where s.reserved <> coalesce(r.reserved, 0) or s.sold <> coalesce(r.sold, 0);

select printf('%d of item %s are %s for order %s, which is %s', r.quantity, r.sku, r.state, r.order_id, coalesce(p.status, 'nobody''s')),
       'inventory.reservation/order_id/' || r.order_id, 'orders.es_event/position/' || p.last
from inventory.reservation r left join placed p on p.id = r.order_id
where (r.state = 'reserved' and coalesce(p.status, '') not in ('pending', 'confirmed', 'cancelling')) or (r.state = 'sold' and coalesce(p.status, '') <> 'shipped');

select printf('order %s is %s with %d of item %s, and inventory-service holds %s', p.id, p.status, json_extract(l.value, '$.quantity'), json_extract(l.value, '$.sku'),
              coalesce(r.quantity || ' ' || r.state, 'none')),
       'orders.es_event/position/' || p.last, 'orders.es_event/position/' || p.first, 'inventory.reservation/order_id/' || p.id
from placed p, json_each(p.lines) l
left join inventory.reservation r on r.order_id = p.id and r.sku = json_extract(l.value, '$.sku')
where p.status in ('confirmed', 'shipped')
  and (r.quantity is not json_extract(l.value, '$.quantity') or r.state is not case p.status when 'shipped' then 'sold' else 'reserved' end);
