-- h. Every saga terminal within 60 s of healing, none stuck.
select printf('%d sagas: %d completed, %d compensated', count(*), coalesce(sum(state = 'completed'), 0), coalesce(sum(state = 'compensated'), 0)) from orders.saga;

select printf('saga %s is %s at step %d: %s', g.id, g.state, g.step,
              coalesce((select group_concat(s.direction || ' ' || s.state || coalesce(' (' || s.error || ')', ''), ', ') from orders.saga_step s where s.saga = g.id and s.step = g.step), 'no step')),
       'orders.saga/id/' || g.id, 'orders.saga_step/saga/' || g.id
from orders.saga g where g.state not in ('completed', 'compensated');

select printf('saga %s is %s and step %d (%s) still waits', g.id, g.state, s.step, s.direction), 'orders.saga/id/' || g.id, 'orders.saga_step/saga/' || g.id
from orders.saga g join orders.saga_step s on s.saga = g.id where g.state in ('completed', 'compensated') and s.due is not null;

select printf('order %s is %s, and its saga is %s', p.id, p.status, coalesce(g.state, 'missing')), 'orders.es_event/position/' || p.last, 'orders.saga/id/' || g.id
from placed p left join orders.saga g on g.id = 'checkout/' || p.id
where g.id is null or (g.state = 'completed' and p.status not in ('confirmed', 'shipped')) or (g.state = 'compensated' and p.status <> 'cancelled');

select printf('saga %s is of no order', g.id), 'orders.saga/id/' || g.id from orders.saga g
where g.type = 'checkout' and not exists (select 1 from placed p where p.id = substr(g.id, length('checkout/') + 1));
