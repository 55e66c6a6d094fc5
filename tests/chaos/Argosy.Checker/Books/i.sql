-- i. Rebuilt projections equal live ones: prices here, orders by folding their events (OrderFold.cs).
select printf('%d prices', count(*)) from orders.item_price;

select printf('item %s costs %d %s and is called %s; order-service says %s', i.sku, i.price, i.currency, i.name,
              case when p.sku is null then 'nothing' else printf('%d %s, %s', p.amount, p.currency, p.name) end),
       'inventory.item/sku/' || i.sku, 'orders.item_price/sku/' || i.sku
from inventory.item i left join orders.item_price p on p.sku = i.sku
where (p.amount, p.currency, p.name) is not (i.price, i.currency, i.name);

select printf('order-service has a price of item %s, and inventory-service knows no such item', p.sku), 'orders.item_price/sku/' || p.sku
from orders.item_price p where not exists (select 1 from inventory.item i where i.sku = p.sku);
